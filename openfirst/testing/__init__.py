"""A test of an app gets a platform of its own: `with openfirst.platform() as p`, or pytest's fixture `platform`."""

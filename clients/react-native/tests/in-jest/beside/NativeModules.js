throw new Error('Its preset mocks this.');

"""The platform's REST client for Node, unmodified: the example's test, its own way to be pointed elsewhere, and its habits."""

from __future__ import annotations

import errno
import json
import os
import socket
import subprocess
import sys
from typing import Any

import pytest

from tests.tracked import ROOT

EXAMPLE = ROOT / "examples" / "rest-node"
REDIRECTED = ["node", "--require", "./redirect.cjs"]
# What every script here begins with. `said` tells how a call went.
BEGIN = """
import dolbyio from '@dolbyio/dolbyio-rest-apis-client';
const { worlds } = await (await fetch(`${process.env.OPENFIRST_URL}/_openfirst/worlds`)).json();
const { key, secret } = worlds[0];
const said = (call) => call.then((answer) => ({ answer }), (error) => ({ error, kind: typeof error }));
const show = (value) => console.log(`SHOWN ${JSON.stringify(value)}`);
"""


def simulated(command: list[str], *options: str) -> subprocess.CompletedProcess[str]:
    """A command behind `openfirst simulate --tls`, in the example's folder."""
    whole = [
        sys.executable,
        "-c",
        "from openfirst.cli import main; main()",
        "simulate",
        "--tls",
        *options,
        "--",
        *command,
    ]
    environment = {name: value for name, value in os.environ.items() if name != "NODE_EXTRA_CA_CERTS"}
    return subprocess.run(whole, cwd=EXAMPLE, env=environment, capture_output=True, text=True, check=False, timeout=60)


def shown(script: str, command: list[str] = REDIRECTED, *options: str) -> list[Any]:
    """What a script shows."""
    ran = simulated([*command, "--input-type=module", "--eval", BEGIN + script], *options)
    found = [json.loads(line.removeprefix("SHOWN ")) for line in ran.stdout.splitlines() if line.startswith("SHOWN ")]
    assert found, ran.stdout + ran.stderr
    return found


def test_the_examples_test_passes() -> None:
    ran = simulated([*REDIRECTED, "--test"])
    assert "# pass 1\n# fail 0\n" in ran.stdout, ran.stdout + ran.stderr
    assert "https://api.dolby.io/v1/auth/token" in ran.stdout


def test_without_the_redirect_it_does_not_come_to_the_simulator() -> None:
    """The test is about something."""
    assert "# pass 0\n" in simulated(["node", "--test"]).stdout


def test_whatever_asks_for_the_hosts_comes_to_the_simulator() -> None:
    script = """
import http from 'node:http';
import https from 'node:https';
const status = (url) => fetch(url).then((answer) => answer.status, (error) => error.cause.code);
const got = (by, url) => new Promise((done) => by.get(url, (answer) => done(answer.resume().statusCode)));
show([
  await status('https://API.dolby.io/openapi.yaml'),
  await status('https://eu.comms.api.dolby.io:443/openapi.yaml'),
  await status('http://session.voxeet.com/openapi.yaml'),
  await status('https://api.dolby.io:8443/openapi.yaml'),
  await got(https, 'https://comms.api.dolby.io/openapi.yaml'),
  await got(http, 'http://comms.api.dolby.io/openapi.yaml'),
  await status(`${process.env.OPENFIRST_URL}/openapi.yaml`),
  await status(`${process.env.OPENFIRST_TLS_URL}/openapi.yaml`),
]);
"""
    assert shown(script) == [[200, 200, 200, "ECONNREFUSED", 200, 200, 200, 200]]


def test_without_a_simulator_it_says_how_to_have_one() -> None:
    ran = subprocess.run([*REDIRECTED, "--eval", ""], cwd=EXAMPLE, capture_output=True, text=True, check=False)
    assert "There is no simulator here. Run this behind `openfirst simulate --tls" in ran.stderr


def test_its_own_way_to_be_pointed_elsewhere() -> None:
    """Where port 443 may be listened on."""
    try:
        socket.create_server(("127.0.0.1", 443)).close()
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EADDRINUSE):
            pytest.skip(f"Port 443 cannot be listened on here: {error.strerror}.")
        raise
    script = """
await import('./local.mjs');
const { access_token } = await dolbyio.authentication.getApiAccessToken(key, secret);
show(access_token.split('.').length);
"""
    assert shown(script, ["node"], "--tls-port", "443") == [3]


def test_a_refused_call_rejects_with_a_string() -> None:
    [refused] = shown("show(await said(dolbyio.authentication.getApiAccessToken(key, 'another')));")
    assert refused["kind"] == "string"
    assert refused["error"].startswith("This request has been rejected with the response code 401 and description: {")
    assert '"error_reason":"Invalid_token"' in refused["error"]


def test_a_text_beyond_ascii_is_halved_by_the_client_and_answered_400() -> None:
    script = """
const accessToken = await dolbyio.authentication.getApiAccessToken(key, secret);
const token = (externalId) =>
  said(dolbyio.communications.authentication.getClientAccessTokenV2({ accessToken, externalId, sessionScope: ['*'] }));
show([await token('ana'), await token('jößö')]);
"""
    [[good, halved]] = shown(script)
    assert good["answer"]["expires_in"] == 3600
    assert "response code 400" in halved["error"]


def test_every_call_of_the_client_has_a_true_answer() -> None:
    """By its own `urls.initialize`; the file enumerates the calls, so that none is missed."""
    ran = simulated(["node", "--test", str(ROOT / "tests" / "rest_node" / "life.test.mjs")])
    assert "# pass 1\n# fail 0\n" in ran.stdout, ran.stdout + ran.stderr

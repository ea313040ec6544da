"""The platform that is judged, as the source of the credentials that its clients hold."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from openfirst_conformance.adapters.protocol.deadlines import Deadlines
from openfirst_conformance.adapters.protocol.faults import AdapterFault
from openfirst_conformance.platforms.control import WORLDS, Control, worlds_of
from openfirst_conformance.platforms.external_ids import ExternalIds, Stamp
from openfirst_conformance.platforms.forging import foreign, forged, unreadable
from openfirst_conformance.platforms.http import FORM, JSON, Answer, Refused, Unreadable, Wire, value_of
from openfirst_conformance.platforms.stage import LIFETIME, NoControl, Stage, outlined
from openfirst_reference.client.json_forms import basic
from openfirst_reference.contract.findings import Mistake
from openfirst_reference.contract.http_surface import surface
from openfirst_reference.contract.model import Contract

API_TOKEN, CLIENT_TOKEN, KEY_SECRET_TOKEN = "getApiToken", "getClientAccessToken", "getClientAccessTokenV1"
_NOT_THERE = (404, 405, 410, 501)
_GRANT = b"grant_type=client_credentials"
_LONG_GRANT = _GRANT + b"&expires_in=86400"


class JudgedPlatform:
    """A platform that listens at a URL and has an application for the judge. Is a `Platform`.

    Without `key` and `secret`, those of the simulator's control plane are taken. `control` is the URL of another
    control plane of the same form. Every case gets tokens of its own with external IDs of its own.
    """

    is_judged = True

    def __init__(
        self,
        url: str,
        contract: Contract,
        key: str | None = None,
        secret: str | None = None,
        *,
        control: str | None = None,
        deadlines: Deadlines | None = None,
    ) -> None:
        self.contract = contract
        self.wire = Wire(url, deadlines or Deadlines())
        self.external_ids = ExternalIds(contract.types["ParticipantInfo"]["properties"]["externalId"]["maxLength"])
        self.control = Control(self.wire, control) if control else None
        self.without_control: NoControl | None = None
        self._key, self._secret = key, secret
        self._api_token: str | None = None
        self.has_deprecated = True

    async def start(self) -> None:
        """See whether the platform is there and gives tokens, and what else it has. Raises ValueError with a sentence."""
        try:
            await self._find_control()
            if not self._key or not self._secret:
                raise Mistake(
                    "--platform: an application key and secret are missing. Give --app-key and --app-secret, or set "
                    "OPENFIRST_APP_KEY and OPENFIRST_APP_SECRET."
                )
            try:
                await self.client_token(None, ["*"])
                await self._find_deprecated()
            except AdapterFault as fault:
                raise Mistake(f"--platform: {fault.detail}. {fault.remedy}") from None
        except BaseException:
            await self.close()
            raise

    async def _find_control(self) -> None:
        if self.control is None:
            worlds = await worlds_of(self.wire)
            # Without a key it is the world that the URL names, or the one that all others are beside.
            wanted = [("key", self._key)] if self._key else [("url", self.wire.base_url), ("name", "default")]
            world = next((one for name, value in wanted for one in worlds if one.get(name) == value), None)
            if world is not None:
                self.control = Control(self.wire, f"{self.wire.origin}{WORLDS}/{world.get('name')}")
                self._key, self._secret = self._key or world.get("key"), self._secret or world.get("secret")
        if self.control is None:
            self.without_control = NoControl.NO_PLANE
            return
        try:
            await self.control.advance(0)
        except AdapterFault as fault:
            raise Mistake(f"--control: {fault.detail}. {fault.remedy}") from None

    async def _find_deprecated(self) -> None:
        """A platform need not have what an application should not use any more."""
        with suppress(TimeoutError, Unreadable):  # What is wrong with it, the cases will tell.
            answer = await self._ask_for_token(
                KEY_SECRET_TOKEN, basic(self._key or "", self._secret or ""), _GRANT, FORM
            )
            self.has_deprecated = answer.status not in _NOT_THERE

    async def close(self) -> None:
        """Let go of connections."""
        await self.wire.close()

    async def stage(self, generation: int, clients: Mapping[str, Mapping[str, Any]]) -> Stage:
        """Clients with tokens of their own."""
        in_tokens = [credential["externalId"] for credential in clients.values()]
        stage = JudgedStage(self, self.external_ids.of(generation, in_tokens))
        for name, credential in clients.items():
            await stage.hand_over(name, credential)
        return stage

    def lacks(self, described: Mapping[str, Any]) -> NoControl | None:
        """Why a credential cannot be had: one that is expired or revoked takes a control plane."""
        return self.without_control if described.get("condition") in ("expired", "revoked") else None

    # Tokens -------------------------------------------------------------------------------------------------------

    async def credential(self, described: Mapping[str, Any], stamp: Stamp) -> dict[str, Any]:
        """A real credential as described. Raises AdapterFault."""
        credential = outlined(described)
        kind, condition = credential["kind"], credential["condition"]
        if kind == "key-secret":
            secret = self._secret or ""
            return {**credential, "key": self._key, "secret": secret if condition == "good" else secret[::-1] + "-"}
        if kind == "token":
            external_id = stamp.put(described.get("externalId"))
            lifetime = 1 if condition == "expired" else LIFETIME
            token = await self.client_token(external_id, credential["scopes"], lifetime)
            credential["token"] = await self._turned(token, condition)
        return credential

    async def _turned(self, token: str, condition: str) -> str:
        match condition:
            case "forged":
                return forged(token)
            case "foreign":
                return foreign(token, self._key or "")
            case "unreadable":
                return unreadable(token)
            case "expired" | "revoked" if self.control is None:
                raise AdapterFault(
                    "refused", f"no {condition} token is to be had without a control plane", "Name one with --control."
                )
            case "expired" if self.control is not None:
                await self.control.advance(2000)
            case "revoked" if self.control is not None:
                await self.control.revoke(token)
        return token

    async def client_token(self, external_id: str | None, scopes: Sequence[str], lifetime: int = LIFETIME) -> str:
        """A client access token, as an application's server asks for it. Raises AdapterFault."""
        wanted: dict[str, Any] = {"sessionScope": " ".join(scopes), "expires_in": lifetime}
        if external_id is not None:
            wanted["externalId"] = external_id
        content = json.dumps(wanted).encode()
        try:
            if self._api_token is not None:
                try:
                    return await self._token(CLIENT_TOKEN, f"Bearer {self._api_token}", content, JSON)
                except Refused as refused:
                    if refused.status != 401:
                        raise
            # There is none yet, or its time is over.
            self._api_token = await self._token(
                API_TOKEN, basic(self._key or "", self._secret or ""), _LONG_GRANT, FORM
            )
            return await self._token(CLIENT_TOKEN, f"Bearer {self._api_token}", content, JSON)
        except TimeoutError:
            raise AdapterFault("hang", f"{self.wire.base_url} gave no token in time", "See its log.") from None
        except Refused as refused:
            raise AdapterFault(
                "refused",
                f"{self.wire.base_url} gave no token: {refused}",
                "See whether the application key and secret are this platform's.",
            ) from None
        except Unreadable as why:
            raise AdapterFault(
                "bad-message", f"{self.wire.base_url} gave no token, but {why}", "See whether it runs, and its log."
            ) from None

    async def key_secret_token(self, key: str, secret: str) -> str:
        """A token as an SDK asks for it that was initialised with key and secret.

        Raises Refused, Unreadable and TimeoutError.
        """
        return await self._token(KEY_SECRET_TOKEN, basic(key, secret), _GRANT, FORM)

    async def _ask_for_token(self, name: str, authorization: str, content: bytes, content_type: str) -> Answer:
        endpoint = surface()[name]
        return await self.wire.ask(
            endpoint.method, endpoint.at(), authorization=authorization, content=content, content_type=content_type
        )

    async def _token(self, name: str, authorization: str, content: bytes, content_type: str) -> str:
        answer = await self._ask_for_token(name, authorization, content, content_type)
        value = value_of(answer, self.contract)
        token = value.get("access_token") if isinstance(value, dict) else None
        if not isinstance(token, str):
            raise Unreadable(f"no `access_token` (status {answer.status})")
        return token


class JudgedStage:
    """A case's clients. Is a `Stage`, for clients that ask for no fresh token, so that no time is let pass for them."""

    def __init__(self, platform: JudgedPlatform, stamp: Stamp) -> None:
        self.now = time.time()
        self.credentials: dict[str, dict[str, Any]] = {}
        self.used = False
        self._platform, self._stamp = platform, stamp

    @property
    def url(self) -> str:
        """The base URL of the platform."""
        return self._platform.wire.base_url

    async def hand_over(self, client: str, described: Mapping[str, Any]) -> dict[str, Any]:
        """A real credential as described, which the client holds from now on."""
        self.credentials[client] = await self._platform.credential(described, self._stamp)
        return self.credentials[client]

    async def advance(self, client: str, points: Sequence[float]) -> int:
        """The adapter of a platform does not declare it. Raises AdapterFault."""
        raise _never("let time pass")

    async def renew(self, client: str) -> str:
        """The adapter of a platform does not declare it. Raises AdapterFault."""
        raise _never("renew a token")

    async def act(self, operation: str, client: str) -> None:
        """The adapter of a platform declares what there is of it, and does it itself. Raises AdapterFault."""
        raise _never(operation)


def _never(what: str) -> AdapterFault:
    return AdapterFault("refused", f"a platform is judged without `{what}`", "Leave that call out of the case.")

// tokens.mjs: what a token server does, with the platform's own client
import dolbyio from '@dolbyio/dolbyio-rest-apis-client';

const { authentication, communications } = dolbyio;

export async function tokenFor(externalId, key, secret) {
  const api = await authentication.getApiAccessToken(key, secret, 600, ['comms:client_access_token:create']);
  const options = { accessToken: api, externalId, sessionScope: ['conf:create'], expiresIn: 1800 };
  return (await communications.authentication.getClientAccessTokenV2(options)).access_token;
}

'use strict';
// A drop-in session client: a session is opened first, and everything else comes after.

class SessionError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code; // the platform's, such as `session-not-open`
  }
}

class Session {
  #url;
  #token;
  #id;

  constructor(url) {
    this.#url = url;
  }
  initializeToken(token) {
    this.#token = token;
  }
  async open(info) {
    this.#id = (await this.#ask('POST', '/v1/sessions', info ?? null)).sessionId;
  }
  async close() {
    await this.#ask('DELETE', this.#own());
    this.#id = undefined;
  }
  async isOpen() {
    try {
      return (await this.#ask('GET', this.#own())).open;
    } catch (error) {
      if (error instanceof SessionError) return false; // no token that is good, so no session
      throw error;
    }
  }
  getParticipant() {
    return this.#ask('GET', this.#own('/participant'));
  }
  async updateParticipantInfo(name, avatarUrl) {
    await this.#ask('PATCH', this.#own('/participant'), { name, avatarUrl });
  }
  async use(service, method, ...given) {
    return (await this.#ask('POST', this.#own(`/services/${service}/${method}`), { arguments: given })).result;
  }
  #own(rest = '') {
    // By the session's ID the platform knows a fresh token for one of the same session.
    return `/v1/sessions/${this.#id ?? 'current'}${rest}`;
  }
  async #ask(method, path, body) {
    if (this.#token === undefined) throw new SessionError('not-initialized', 'Call initializeToken first.');
    const headers = { Authorization: `Bearer ${this.#token}` };
    const answer = await fetch(this.#url + path, { method, headers, body: JSON.stringify(body) });
    const text = await answer.text();
    const said = text === '' ? undefined : JSON.parse(text);
    if (!answer.ok) throw new SessionError(said.code, said.detail);
    return said;
  }
}

module.exports = { Session, SessionError };

'use strict';
/**
 * Waiting for something that may be there already, may come, or can no longer come.
 */
class Waiting {
  #waiters = new Set();

  /**
   * What `look()` gives as soon as that is not undefined. Rejects as soon as `over()` gives a sentence that says why it will not be.
   * Who no longer cares is not told by an unhandled rejection.
   */
  wait(look, over) {
    const promise = new Promise((resolve, reject) => this.#waiters.add({ look, over, resolve, reject }));
    promise.catch(() => {});
    this.look();
    return promise;
  }

  /** Something has come, or will not: whoever waits looks again. */
  look() {
    for (const waiter of this.#waiters) {
      const found = waiter.look();
      const reason = found === undefined ? waiter.over() : null;
      if (found === undefined && reason === null) continue;
      this.#waiters.delete(waiter);
      if (reason === null) waiter.resolve(found);
      else waiter.reject(new Error(reason));
    }
  }
}

/** The promise, whose rejection is nobody's concern who does not ask for it. */
function quiet(promise) {
  promise.catch(() => {});
  return promise;
}

module.exports = { Waiting, quiet };

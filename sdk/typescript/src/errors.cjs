"use strict";

// What is thrown where an action may not be done. There is no other way to hear it: whoever catches nothing does nothing.

const { ProcuraError } = require("./receipt.cjs");

/** The answer is no. */
class ProcuraDenied extends ProcuraError {
  constructor(answer) {
    super(answer.reason, answer.code);
    this.name = "ProcuraDenied";
    this.reason = answer.reason;
    this.requestId = answer.requestId;
    /** The whole answer. */
    this.decision = answer;
  }
}

/** A person must approve this exact action first; ask the same again afterwards. */
class ProcuraApprovalRequired extends ProcuraError {
  constructor(answer) {
    super(answer.reason, answer.code);
    this.name = "ProcuraApprovalRequired";
    this.reason = answer.reason;
    this.requestId = answer.requestId;
    this.approvalId = answer.approvalId ?? null;
    this.approvalUrl = answer.approvalUrl ?? null;
    this.expiresAt = answer.expiresAt ?? null;
    this.decision = answer;
  }
}

/** There is no answer that can be relied on. `code` is the server's, or one of TIMEOUT, UNREACHABLE, MALFORMED, UNSIGNED. */
class ProcuraUnavailable extends ProcuraError {
  constructor(message, code, more = {}) {
    super(message, code);
    this.name = "ProcuraUnavailable";
    this.requestId = more.requestId ?? null;
    this.status = more.status ?? null;
    if (more.cause !== undefined) this.cause = more.cause;
  }
}

/** The server refused the request itself: the key, a field, a state. `fix` says what to do. */
class ProcuraRefused extends ProcuraUnavailable {
  constructor(status, { code, error, fix, requestId }, retryAfter = 0) {
    super(error, code, { status, requestId });
    this.name = "ProcuraRefused";
    this.fix = fix;
    /** After how many seconds the server may be asked again, where it says so; 0 where it does not. */
    this.retryAfter = retryAfter;
  }
}

/** Thrown by a guarded function that did nothing: what was reserved for it is released. */
class NothingDone extends ProcuraError {
  constructor(message = "nothing was done", options = {}) {
    super(message, "NOTHING_DONE");
    this.name = "NothingDone";
    if (options.cause !== undefined) this.cause = options.cause;
  }
}

module.exports = {
  NothingDone,
  ProcuraApprovalRequired,
  ProcuraDenied,
  ProcuraError,
  ProcuraRefused,
  ProcuraUnavailable,
};

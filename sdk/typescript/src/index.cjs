"use strict";

const { SessionTokenError, signSessionToken } = require("./session-token.cjs");

module.exports = { SessionTokenError, signSessionToken };

export { SessionTokenError, signSessionToken } from "./index.cjs";

/**
 * Types of the browser widget, which Procura serves at `/widget.js` (and this file at `/widget.d.ts`).
 *
 *     <script src="https://YOUR-PROCURA/widget.js" crossorigin="anonymous"></script>
 *     const widget = Procura.widget({ agent: "agt_...", token: () => fetchTokenFromYourServer() });
 */

/** What the widget is doing. */
export type WidgetState =
  /** The frame is being opened. */
  | "loading"
  /** A message can be written. */
  | "ready"
  /** The agent is answering. */
  | "answering"
  /** The user's session was revoked; everything that was said is cleared. */
  | "ended"
  /** It does not work; the code and the console say why. */
  | "failed"
  /** `close()` was called. */
  | "closed";

/** What a token is asked for. */
export interface TokenAsk {
  /** The token that you gave last was refused: make a new one, and take none from a cache. */
  again: boolean;
}

/** What `Procura.widget` is told. */
export interface WidgetOptions {
  /** The agent's id, `agt_...`. */
  agent: string;
  /**
   * Gives the token of the user who is signed in, made by your own server. It is asked for once for each conversation,
   * and not before the first message. It must answer within 15 seconds.
   */
  token(ask: TokenAsk): string | Promise<string>;
  /** Where the widget stands: an element or a selector. Without it, it floats in the corner behind a button. */
  target?: Element | string;
  /** Hears of every change. `code` is from the table of refusals, or says what is wrong with the widget itself. */
  onState?(state: WidgetState, code?: string): void;
}

/** A widget on the page. */
export interface Widget {
  /** Takes it off the page. Its conversation and everything it knew are gone. Call it when the user signs out. */
  close(): void;
  /** Forgets the conversation; the next message asks for a new token. Call it when somebody else signed in. */
  renew(): void;
}

/** What the script defines. */
export interface ProcuraGlobal {
  /** Puts a widget on the page. */
  widget(options: WidgetOptions): Widget;
}

declare global {
  interface Window {
    readonly Procura: ProcuraGlobal;
  }
  const Procura: ProcuraGlobal;
}

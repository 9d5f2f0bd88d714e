import type { ProcuraError } from "./receipt.cjs";

/** Headers of a request: those of Node, of fetch, or a plain object. */
export type WebhookHeaders =
  | { get(name: string): string | null | undefined }
  | { readonly [name: string]: string | readonly string[] | undefined };

/** The delivery was not sent by whoever has the secret, not now, or not with this body. Do not read it. */
export class WebhookSignatureError extends ProcuraError {
  private constructor();
  readonly code: "WEBHOOK_SIGNATURE_INVALID";
}

/**
 * Returns only for a delivery that Procura sent.
 *
 * @param rawBody the body as it came; a parsed and written one has other bytes
 * @param secret the endpoint's secret (`whsec_..`), or several while it is being changed
 * @returns the delivery's id, by which a second one is known, and its time in unix seconds
 * @throws {WebhookSignatureError} it is none
 */
export function verifyWebhookSignature(
  rawBody: string | Uint8Array,
  headers: WebhookHeaders,
  secret: string | readonly string[],
  options?: { toleranceSeconds?: number; now?: Date | number },
): { id: string | null; timestamp: number };

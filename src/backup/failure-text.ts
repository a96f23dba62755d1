/** What the S3 client throws, as half a sentence with the fix. Never shows a secret. */

const KNOWN: Readonly<Record<string, string>> = {
  CredentialsProviderError:
    "no credentials were found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the supervisor's environment, or AWS_PROFILE",
  SignatureDoesNotMatch: "the server doesn't accept the secret key (SignatureDoesNotMatch)",
  InvalidAccessKeyId: "the server doesn't know the access key (InvalidAccessKeyId)",
  AccessDenied:
    "the server denies access (AccessDenied): the key needs leave to list, read, write and delete there",
  NoSuchBucket: "there is no such bucket; create it first",
  RequestTimeTooSkewed: "this machine's clock differs too much from the server's",
};

export function failureText(error: unknown): string {
  const { name, message, code, $metadata } = error as Error & {
    code?: string;
    $metadata?: { httpStatusCode?: number };
  };
  const known = KNOWN[name] ?? KNOWN[code ?? ""];
  if (known !== undefined) return known;
  if (code === "ECONNREFUSED" || code === "ENOTFOUND" || code === "EAI_AGAIN" || code === "ECONNRESET")
    return `the server can't be reached (${code})`;
  if (name === "TimeoutError") return "the server doesn't answer in time";
  const status = $metadata?.httpStatusCode === undefined ? "" : ` (HTTP ${$metadata.httpStatusCode})`;
  return `${message || name}${status}`;
}

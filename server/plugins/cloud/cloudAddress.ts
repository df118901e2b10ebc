import { DbtConfigurationError } from "../errors.ts";

/** Where one dbt Cloud account is. */
export interface CloudAddress {
  /** "https://ab123.us1.dbt.com" */
  origin: string;
  host: string;
  accountId: string;
}

/**
 * @param baseUrl as in manifest.yaml, with or without /api/v2
 * @throws DbtConfigurationError if either is missing or wrong: no address is ever guessed, the token would go there
 */
export function cloudAddress(baseUrl: string | null, accountId: string | null): CloudAddress {
  if (baseUrl === null) {
    throw new DbtConfigurationError(
      'manifest.yaml does not say where dbt Cloud is: "base_url" is missing. It is the address your browser shows there, such as https://ab123.us1.dbt.com.',
    );
  }
  if (accountId === null) {
    throw new DbtConfigurationError(
      'manifest.yaml does not name the dbt Cloud account: "account_id" is missing.',
    );
  }
  if (!/^\d+$/.test(accountId) || !Number.isSafeInteger(Number(accountId))) {
    throw new DbtConfigurationError(`"${accountId}" is no dbt Cloud account: account_id is a whole number.`);
  }
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new DbtConfigurationError(
      `"${baseUrl}" is no address: base_url is like https://ab123.us1.dbt.com.`,
    );
  }
  if (url.protocol === "http:" && !isLoopback(url.hostname)) {
    throw new DbtConfigurationError(
      `base_url ${url.origin} is not encrypted: the token would be readable on its way. Use https.`,
    );
  }
  if (
    /^(metadata|semantic-layer)\./.test(url.hostname) ||
    /\.(metadata|semantic-layer)\./.test(url.hostname)
  ) {
    throw new DbtConfigurationError(
      `${url.hostname} is not where dbt Cloud's Admin API is. Leave "metadata" or "semantic-layer" out of base_url.`,
    );
  }
  return { origin: url.origin, host: url.host, accountId };
}

/**
 * Addresses of the Discovery API that belong to an Admin host, the likeliest first: `PREFIX.metadata.REGION.dbt.com` for cells and
 * single tenants, `metadata.HOST` for the old shared hosts.
 * @param own manifest.yaml's `discovery_url`, which is the only one then
 * @throws DbtConfigurationError if that is wrong: the token goes there
 */
export function discoveryUrls({ origin, host }: CloudAddress, own: string | null): string[] {
  const { hostname } = new URL(origin);
  if (own !== null) {
    const url = URL.canParse(own) ? new URL(own) : null;
    const isAllowed =
      url !== null &&
      (isLoopback(hostname)
        ? isLoopback(url.hostname)
        : url.protocol === "https:" && mayHaveToken(url.hostname, hostname));
    if (!isAllowed) {
      throw new DbtConfigurationError(
        `"${own}" is no address to send a token to: discovery_url is like https://ab123.metadata.us1.dbt.com/graphql, in dbt Cloud's own domain or below ${host}.`,
      );
    }
    if (url.pathname === "/") url.pathname = "/graphql";
    return [url.href];
  }
  if (isLoopback(hostname)) return [`${origin}/graphql`];
  const [prefix, ...rest] = host.split(".");
  const shared = `https://metadata.${host}/graphql`;
  if (rest.length < 2 || ["cloud", "emea", "au"].includes(prefix ?? "")) return [shared];
  return [`https://${prefix ?? ""}.metadata.${rest.join(".")}/graphql`, shared];
}

/** The token was given for the Admin host: no line in a file may send it to a stranger. */
const mayHaveToken = (host: string, adminHost: string): boolean =>
  [adminHost, "dbt.com", "getdbt.com"].some((domain) => host === domain || host.endsWith(`.${domain}`));

const isLoopback = (hostname: string): boolean => ["127.0.0.1", "localhost", "[::1]"].includes(hostname);

// Tells a key for the gateway's metrics from a key for servers by its id, which never changes.
// Free of zod, because the command line loads it.

/**
 * No other id begins like this: those of clients and keys are base64url, without a dot; a bridge's begins with
 * `bridge.`.
 */
export const metricsKeyPrefix = 'metrics.'

/** Whether this client is a key for the metrics: it reaches no server, now or later. */
export const isMetricsKey = (id: string) => id.startsWith(metricsKeyPrefix)

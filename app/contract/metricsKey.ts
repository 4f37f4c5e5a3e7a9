// How a key for the gateway's metrics is told from one for servers: by its id, so that it is so for good.
// Apart from gateway.ts, so that the command line can tell them apart without zod.

/** No other id has a dot here: those are base64url, and a bridge's begin with another word. */
export const metricsKeyPrefix = 'metrics.'

/** Whether this client is a key for the metrics: it reaches no server, now or later. */
export const isMetricsKey = (id: string) => id.startsWith(metricsKeyPrefix)

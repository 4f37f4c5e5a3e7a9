// How a server of MCP's transport of 2024-11-05 is recognized: its URL takes GET alone, and answers that with an event stream.
// Such a server often looks at a token only there, so a check by POST would take any token for a good one.

/** Whether a POST was answered as such a server does. Others answer so too: a GET then tells. */
export const takesOnlyGet = (status: number): boolean => status === 404 || status === 405

export const isEventStream = ({ headers }: Response): boolean =>
  /^text\/event-stream/i.test(headers.get('content-type') ?? '')

// Reads server-sent events (WHATWG HTML, section 9.2) from a fetch, since EventSource sends no header of ours.
// Only what the dashboard writes is understood: comments, `id`, and `data` of one line.

export type StreamEvent = { id: string; data: string }

/** Calls `listener` with each event. Resolves when the stream has ended or broken. */
export async function readEvents(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  listener: (event: StreamEvent) => void
): Promise<void> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  for (;;) {
    const read = await reader.read().catch(() => null)
    if (read === null || read.done) return
    const blocks = (rest + read.value).split('\n\n')
    rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const field = (name: string) =>
        block
          .split('\n')
          .find((line) => line.startsWith(`${name}: `))
          ?.slice(name.length + 2)
      const data = field('data')
      if (data !== undefined) listener({ id: field('id') ?? '', data })
    }
  }
}

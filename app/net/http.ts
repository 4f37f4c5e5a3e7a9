// Node's HTTP, taken without an import: importing node:http as an ES module reads its every export, which loads all of
// Node's own undici, 30 ms at each start and 13 MB in each process.
export const { Agent, createServer, request } = process.getBuiltinModule('node:http')

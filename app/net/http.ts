// Node's HTTP module, without `import`: importing it as an ES module reads every export, one of which loads Node's own undici.
// That would take 30 ms at each start and 13 MB in each process.
export const { Agent, createServer, request } = process.getBuiltinModule('node:http')

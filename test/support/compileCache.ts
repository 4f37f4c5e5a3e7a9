// Where the processes that tests start keep their compiled sources: a test starts `tokentray` by the dozen, each time anew.
// Node reads it from the environment (NODE_COMPILE_CACHE); what a process does is the same with and without.
import { join } from 'node:path'

export const compileCache = {
  NODE_COMPILE_CACHE: join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'tokentray-test')
}

// The browser of the end-to-end tests, as BROWSER names it: opens the URL it gets and says yes to everything.
// A process of its own, as a real browser is; it ends when the callback has answered.
import { approve } from '../../app/demo/person.ts'
import { readHandOver } from '../support/handOver.ts'

await approve(await readHandOver(process.argv.at(-1) ?? ''))

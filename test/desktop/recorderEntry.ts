// Loaded into Electron's main process by `-r`, before the shell: puts the recorder where Playwright can call it.
// Bundled to CommonJS by electron.ts, since that is all `-r` takes.
import * as electron from 'electron'
import { type Recorder, record } from './recorder.ts'

declare global {
  var tokentrayRecorder: Recorder
}

globalThis.tokentrayRecorder = record(electron, process.platform)

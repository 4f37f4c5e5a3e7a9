// Runs a script of the project under a Node that is new enough: `node build/with-node.mjs SCRIPT [ARG …]`.
// For package.json's scripts, which the system's Node starts.
import { ensureNode, ensurePackages, runNode } from './node.mjs'

ensurePackages()
runNode(ensureNode(), process.argv.slice(2))

// The entry of the bundle: connects the store to the core, then draws.
// A crash of the pages cannot harm the core, so nothing is caught here.
import { createRoot } from 'react-dom/client'
import { App } from './App.tsx'
import { showKeptTheme } from './settings.ts'
import { connect } from './store.ts'
import './styles.css'

showKeptTheme()
connect()
const root = document.getElementById('root')
if (root) createRoot(root).render(<App />)

// The entry of the pages' bundle: connects the store to the core, then renders.
// Nothing is caught here: if the pages crash, the core goes on refreshing tokens.
import { createRoot } from 'react-dom/client'
import { App } from './App.tsx'
import { tellWhatIsShown } from './shown.ts'
import { connect } from './store.ts'
import './styles.css'

connect()
tellWhatIsShown()
const root = document.getElementById('root')
if (root) createRoot(root).render(<App />)

import { startUi } from './ui/start.tsx'

const root = document.getElementById('root')
if (root === null) throw new Error('index.html has no element with the id "root"')
startUi(root)

import { generateKeyPair } from '@libp2p/crypto/keys'
import { createArchive } from '../relay/archive.ts'
import { jobRecord, sign } from '../src/room/store-fixtures.ts'
import { signerOf, startLibp2p } from '../src/store/test-node.ts'

/** Writes records into an archive without end, and says each that was acknowledged: the process that is to be killed. */
const directory = process.argv[2]!
const round = process.argv[3]!
const key = await generateKeyPair('Ed25519')
const signer = signerOf(key)
const libp2p = await startLibp2p(key)
const archive = await createArchive({ libp2p, directory, signer })
const { jobs, ledger } = archive.store.stats()
process.send!({
  ready: true,
  damaged: jobs.damaged + ledger.damaged,
  titles: archive.store.jobs.records().map((record) => (record.kind === 'job' ? record.title : '')),
})
for (let i = 0; ; i++) {
  const title = `round ${round} job ${i}`
  await archive.store.jobs.put(await sign(signer, jobRecord(signer, title, Date.now())))
  process.send!({ acknowledged: title })
}

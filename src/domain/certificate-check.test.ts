import { describe, expect, it } from 'vitest'
import { concat, textBytes } from './bytes.ts'
import { checkCertificate, holds, certificateBytes } from './certificate-check.ts'
import { reportBody, statementBytes, statementHash } from './certificate.ts'
import type { Certificate, CertificateBody } from './certificate.ts'
import { beacon, commitment, drawCheck, resultRoot } from './draw.ts'
import { cidOfBytes, decodeCanonical, encodeCanonical, hashBytes, hashOfCid } from './ids.ts'
import type { PeerId } from './ids.ts'
import { blockCid, roomTopic } from './job.ts'

const PEERS = ['ann', 'ben', 'cid']
const POLICY = {
  chunksPerCheck: 10,
  credibleAfter: 10,
  standings: [
    { peer: 'ann', passed: 10 },
    { peer: 'ben', passed: 9 },
  ],
  disputed: [],
}
const sign = (peer: PeerId, bytes: Uint8Array): Uint8Array => hashBytes(concat(textBytes(peer), bytes))
const verify = async (peer: PeerId, bytes: Uint8Array, signature: Uint8Array): Promise<boolean> =>
  String(sign(peer, bytes)) === String(signature)
const output = (chunk: number): Uint8Array => textBytes(`output ${chunk}`)

function makeCertificate(): Certificate {
  const job = cidOfBytes(textBytes('job'))
  const ref = { block: blockCid(job, 2), blockIndex: 2, microjob: 7 }
  const room = `${roomTopic(ref)}/0`
  const chunks = Array.from({ length: 10 }, (_, i) => ({
    chunk: 70 + i,
    peer: PEERS[i % 3]!,
    output: cidOfBytes(output(70 + i)),
    fuel: 100 + i,
    engine: 'cpu' as const,
  }))
  const drawn = chunks.map(({ chunk, peer, output: cid }) => ({ chunk, peer, hash: hashOfCid(cid) }))
  const root = resultRoot(drawn)
  const entropy = PEERS.map((peer) => {
    const secret = hashBytes(textBytes(`secret of ${peer}`))
    return { peer, secret, commitment: commitment(secret, peer, room), statement: new Uint8Array(64) }
  })
  const bytes = beacon(
    room,
    root,
    1,
    entropy.map(({ secret }) => secret),
  )
  const { verifier, second, sample, secondSample } = drawCheck(bytes, PEERS, drawn, { ...POLICY, answerable: PEERS })
  const body: CertificateBody = {
    version: 1,
    job,
    kernel: cidOfBytes(textBytes('kernel')),
    ...ref,
    term: 1,
    host: 'ann',
    epoch: 0,
    attempt: 1,
    ...POLICY,
    chunks,
    resultRoot: root,
    entropy,
    verifier,
    second,
    checked: [...sample, ...secondSample]
      .sort((a, b) => a - b)
      .map((chunk) => {
        const entry = chunks.find((other) => other.chunk === chunk)!
        return { chunk, peer: entry.peer, expected: entry.output, agrees: true }
      }),
    verdict: 'verified',
  }
  return signed(body)
}

function signed(unsigned: CertificateBody): Certificate {
  const stated = certificateBytes(statementBytes(statementHash(unsigned)))
  const entropy = unsigned.entropy.map((entry) => ({ ...entry, statement: entry.statement === null ? null : sign(entry.peer, stated) }))
  const body = { ...unsigned, entropy }
  const report = (peer: PeerId): Uint8Array => sign(peer, certificateBytes(encodeCanonical(reportBody(body, peer))))
  return {
    body,
    hostSignature: sign('ann', certificateBytes(encodeCanonical(body))),
    verifierSignature: report(body.verifier),
    secondSignature: body.second === null ? null : report(body.second),
  }
}

describe('a certificate', () => {
  it('holds when everything in it is right', async () => {
    const findings = await checkCertificate(makeCertificate(), verify, new Map([[70, output(70)]]))
    expect(findings.filter((finding) => !finding.holds)).toEqual([])
    expect(findings.length).toBeGreaterThan(8)
  })

  it('names the data that is not what was certified', async () => {
    const findings = await checkCertificate(makeCertificate(), verify, new Map([[71, output(72)]]))
    expect(findings.find((finding) => !finding.holds)?.detail).toBe('chunk 71 has other bytes')
  })

  it('holds no longer with any one bit flipped', async () => {
    const bytes = encodeCanonical(makeCertificate())
    let accepted = 0
    for (let i = 0; i < 600; i++) {
      const copy = bytes.slice()
      const bit = (i * 7_919) % (bytes.length * 8)
      copy[bit >> 3]! ^= 1 << (bit & 7)
      try {
        if (await holds(decodeCanonical(copy) as Certificate, verify)) accepted++
      } catch {
        // Bytes that are no certificate any more.
      }
    }
    expect(accepted).toBe(0)
  })

  it('does not hold when another verifier signs than the one drawn', async () => {
    const certificate = makeCertificate()
    const other = PEERS.find((peer) => peer !== certificate.body.verifier)!
    const body = { ...certificate.body, verifier: other }
    const forged = signed(body)
    const failed = (await checkCertificate(forged, verify)).filter((finding) => !finding.holds).map(({ claim }) => claim)
    expect(failed).toContain('the beacon drew this verifier')
  })

  it('does not hold when a drawn chunk was left out of the check', async () => {
    const certificate = makeCertificate()
    const body = { ...certificate.body, checked: certificate.body.checked.slice(1) }
    const forged = signed(body)
    const failed = (await checkCertificate(forged, verify)).filter((finding) => !finding.holds).map(({ claim }) => claim)
    expect(failed).toEqual(['the whole sample was checked'])
  })
})

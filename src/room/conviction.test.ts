import { describe, expect, it, vi } from 'vitest'
import { equalBytes } from '../domain/bytes.ts'
import { certificateBytes } from '../domain/certificate-check.ts'
import { replyBytes, reportBody, statementBytes, statementHash, verdictOf } from '../domain/certificate.ts'
import type { CertificateBody, Conviction } from '../domain/certificate.ts'
import { convictedBy } from '../domain/conviction-check.ts'
import { beacon, commitment, drawCheck } from '../domain/draw.ts'
import { cidOfHash, decodeCanonical, encodeCanonical, hashBytes, hashOfCid } from '../domain/ids.ts'
import { roomTopic } from '../domain/job.ts'
import { textBytes } from '../domain/bytes.ts'
import { lottery, mutateBytes } from './mutation.ts'
import { deliver, isComplete, makeWorld, nodeOf, sentOf, until, untilGathered } from '../sim/fixture.ts'
import { sign, wrongHash } from '../sim/truth.ts'
import type { World } from '../sim/world.ts'

// Whole rooms run in these tests; a busy machine must not decide them.
vi.setConfig({ testTimeout: 120_000 })

const verify = async (peer: string, bytes: Uint8Array, signature: Uint8Array): Promise<boolean> => equalBytes(sign(peer, bytes), signature)

/** The proof that a room of six made of the one among them who lies. */
function proofOfLie(liar: { lies: number; liesAsVerifier?: boolean }, i = 2): { world: World; culprit: string; proof: Conviction } {
  const { world } = makeWorld({ nodes: 6, job: { chunks: 120 }, behaviour: (at) => (at === i ? liar : {}) })
  until(world, 'somebody is convicted', () => world.convictions.length > 0, 200_000)
  return { world, ...world.convictions[0]! }
}

/** What a draw among these members comes to, with the checks that `said` makes of it, signed in the names of `own` alone. */
function forged(real: CertificateBody, members: string[], own: string[], chunk: number, lie: Uint8Array): Conviction {
  const room = `${roomTopic(real)}/${real.epoch}`
  const entropy = members.map((peer) => {
    const secret = hashBytes(textBytes(peer))
    const known = real.entropy.find((entry) => entry.peer === peer)
    return known ?? { peer, secret, commitment: commitment(secret, peer, room), statement: null }
  })
  const drawn = real.chunks.map(({ chunk: id, peer, output }) => ({ chunk: id, peer, hash: hashOfCid(output) }))
  const secrets = entropy.map(({ secret }) => secret)
  const answerable = entropy.flatMap(({ peer, statement }) => (statement === null ? [] : [peer]))
  const check = drawCheck(beacon(room, real.resultRoot, real.attempt, secrets), members, drawn, { ...real, answerable })
  const checked = [...new Set([...check.sample, ...check.secondSample, chunk])]
    .sort((a, b) => a - b)
    .map((id) => {
      const { peer, output } = real.chunks.find((entry) => entry.chunk === id)!
      return { chunk: id, peer, expected: id === chunk ? cidOfHash(lie) : output, agrees: id !== chunk }
    })
  const body = { ...real, entropy, verifier: check.verifier, second: check.second, checked, verdict: verdictOf(checked) }
  // Only of itself and its accomplices has the forger the keys.
  const by = (peer: string, bytes: Uint8Array): Uint8Array => sign(own.includes(peer) ? peer : own[0]!, certificateBytes(bytes))
  const report = (peer: string): Uint8Array => by(peer, encodeCanonical(reportBody(body, peer)))
  const statement = statementHash(body)
  return {
    body,
    verifierSignature: report(check.verifier),
    secondSignature: check.second === null ? null : report(check.second),
    replies: check.order
      .filter((peer) => peer !== check.verifier && own.includes(peer))
      .map((peer) => ({ peer, chunk, output: cidOfHash(lie), signature: by(peer, replyBytes(statement, chunk, lie)) })),
  }
}

describe('a conviction', () => {
  it('proves a processor wrong to anybody, by what it signed itself', async () => {
    const { culprit, proof } = proofOfLie({ lies: 1 })
    expect(culprit).toBe('n02')
    expect(await convictedBy(proof, verify)).toEqual(['n02'])
    expect(proof.body.entropy.find(({ peer }) => peer === 'n02')!.statement).not.toBeNull()
  })

  it('proves a verifier wrong that lies about honest work, and nobody else', async () => {
    const { world } = makeWorld({ nodes: 6, job: { chunks: 120 }, behaviour: (i) => (i === 4 ? { lies: 1, liesAsVerifier: true } : {}) })
    until(world, 'it is convicted', () => world.database.liars.size > 0, 400_000)
    for (const { proof } of world.convictions) expect(await convictedBy(proof, verify)).toEqual(['n04'])
    expect([...world.database.liars]).toEqual(['n04'])
  })

  it('proves nothing with anything in it changed, and breaks nothing', async () => {
    const { proof } = proofOfLie({ lies: 1 })
    const bytes = encodeCanonical(proof)
    const draw = lottery(1)
    let believed = 0
    for (let i = 0; i < 2_000; i++) {
      let changed: unknown
      try {
        changed = decodeCanonical(mutateBytes(bytes, draw))
      } catch {
        // These bytes do not even decode.
        continue
      }
      if ((await convictedBy(changed as Conviction, verify)).length > 0) believed++
    }
    expect(believed).toBe(0)
    for (const nonsense of [null, {}, { body: {} }, { body: proof.body }, { ...proof, replies: [null] }])
      expect(await convictedBy(nonsense as unknown as Conviction, verify)).toEqual([])
  })

  it('proves nothing with an answer left out, so that fewer speak than it takes', async () => {
    const { proof } = proofOfLie({ lies: 1 })
    expect(await convictedBy({ ...proof, replies: proof.replies.slice(1) }, verify)).toEqual([])
    expect(await convictedBy({ ...proof, replies: [] }, verify)).toEqual([])
  })
})

describe('a host that forges a conviction', () => {
  /** A certified microjob of an honest room, its host, and a victim with a chunk in it. */
  function honestRoom(): { world: World; body: CertificateBody; victim: string; chunk: number } {
    const { world } = makeWorld({ nodes: 6, job: { chunks: 60 } })
    until(world, 'the job is complete', () => world.nodes.size === 6 && isComplete(world), 200_000)
    const { body } = [...world.database.entries.values()][1]!.certificate!
    const { peer: victim, chunk } = body.chunks.find(
      ({ peer }) => peer !== body.host && body.entropy.some((entry) => entry.peer === peer && entry.statement !== null),
    )!
    return { world, body, victim, chunk }
  }

  it('fails without the keys of those who were drawn', async () => {
    const { body, victim, chunk } = honestRoom()
    const members = body.entropy.map(({ peer }) => peer)
    const proof = forged(body, members, [body.host], chunk, wrongHash(chunk, 'forger'))
    expect(proof.body.verdict).toBe('refused')
    expect(await convictedBy(proof, verify)).not.toContain(victim)
  })

  it('fails with a draw among accomplices: the victim signed for the one it took part in', async () => {
    const { body, victim, chunk } = honestRoom()
    const accomplices = [body.host, 's1', 's2', 's3', 's4']
    const proof = forged(body, [victim, ...accomplices], accomplices, chunk, wrongHash(chunk, 'forger'))
    expect(await convictedBy(proof, verify)).toEqual([])
    // They would have convicted somebody who had signed for this draw.
    const statement = sign(victim, certificateBytes(statementBytes(statementHash(proof.body))))
    const entropy = proof.body.entropy.map((entry) => (entry.peer === victim ? { ...entry, statement } : entry))
    const agreed = forged({ ...body, entropy }, [victim, ...accomplices], accomplices, chunk, wrongHash(chunk, 'forger'))
    expect(await convictedBy(agreed, verify)).toEqual([victim])
  })

  it('fails with results that the victim never gave: it does not answer for them, and its honest ones stand', async () => {
    const { world, log } = makeWorld({ nodes: 6, job: { chunks: 60 } })
    const host = untilGathered(world, 6)
    const victim = host.state.room!.members.find(({ peer }) => peer !== host.id)!.peer
    // What the victim says to others is lost; the host tells them something else in its name.
    const send = world.network.send.bind(world.network)
    world.network.send = (node, to, message) => {
      const { body } = message
      if (node.id === host.id || body.case !== 'result' || body.value.info?.peer !== victim || to !== host.id)
        return send(node, to, message)
      const info = { ...body.value.info, hash: wrongHash(body.value.info.chunk, 'forger') }
      for (const { peer } of host.state.room?.members ?? [])
        deliver(world, peer, victim, { ...message, body: { ...body, value: { ...body.value, info } } })
    }
    until(world, 'the job is complete', () => isComplete(world), 400_000)
    expect([...world.database.liars]).toEqual([])
    expect(world.convictions.map(({ culprit }) => culprit)).not.toContain(victim)
    expect(sentOf(log, 'reveal').length).toBeGreaterThan(0)
    expect(nodeOf(world, victim).state.said.size).toBeGreaterThan(0)
  })
})

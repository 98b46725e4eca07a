import { describe, expect, it } from 'vitest'
import { cidOfBytes } from './ids.ts'
import { jobHistory, leaderboard, peerHistory } from './ledger-view.ts'
import type { RefusalRecord, ResultRecord } from './record.ts'

const output = cidOfBytes(new Uint8Array(1))

function resultOf(microjob: number, host: string, work: [peer: string, fuel: number][], createdAt = microjob, job = 'job'): ResultRecord {
  const chunks = work.map(([peer, fuel], chunk) => ({ chunk, peer, output, fuel, engine: 'cpu' as const }))
  const body = {
    job,
    block: 'block',
    microjob,
    host,
    chunks,
    verifier: 'vera',
    second: null,
  } as unknown as ResultRecord['certificate']['body']
  return {
    kind: 'result',
    job,
    block: 'block',
    microjob,
    peer: host,
    createdAt,
    certificate: { body, hostSignature: new Uint8Array(64), verifierSignature: new Uint8Array(64), secondSignature: null },
  }
}

const refusal: RefusalRecord = {
  kind: 'refusal',
  job: 'job',
  block: 'block',
  microjob: 0,
  peer: 'ann',
  culprit: 'liar',
  reason: 'chunk 3',
  createdAt: 9,
}

describe('the leaderboard', () => {
  it('counts verified fuel by who computed it, most first', () => {
    const rows = leaderboard([
      resultOf(0, 'ann', [
        ['ann', 10],
        ['ben', 30],
      ]),
      resultOf(1, 'ann', [['ben', 5]]),
    ])
    expect(rows.map(({ peer, credit, chunks, microjobs }) => [peer, credit, chunks, microjobs])).toEqual([
      ['ben', 35, 2, 2],
      ['ann', 10, 1, 2],
      ['vera', 0, 0, 2],
    ])
  })

  it('counts a microjob once, however many hosts certify it, and always the same certificate', () => {
    const [first, second] = [resultOf(0, 'ann', [['ann', 10]], 5), resultOf(0, 'ben', [['ben', 99]], 6)]
    expect(leaderboard([first, second])[0]).toMatchObject({ peer: 'ann', credit: 10 })
    expect(leaderboard([second, first])).toEqual(leaderboard([first, second]))
  })

  it('gives no credit for what was voided because its peer was proven wrong, and the rest to the others', () => {
    const done = resultOf(0, 'ann', [
      ['liar', 10],
      ['ben', 30],
    ])
    done.certificate.body.checked = []
    const proven = { ...refusal, kind: 'conviction' as const, proof: {} as never }
    expect(leaderboard([done, proven]).map(({ peer, credit }) => [peer, credit])).toEqual([
      ['ben', 30],
      ['ann', 0],
      ['liar', 0],
      ['vera', 0],
    ])
    expect(jobHistory([done, proven], 'job').credit).toBe(30)
    expect(peerHistory([done, proven], 'liar').map(({ credit }) => credit)).toEqual([])
  })

  it('gives no credit for refused work and shows who did it', () => {
    expect(leaderboard([refusal])).toEqual([{ peer: 'liar', credit: 0, chunks: 0, microjobs: 0, refusals: 1 }])
  })
})

describe('a history', () => {
  it('of a peer has its microjobs, newest first, and what it did in them', () => {
    const entries = [
      resultOf(0, 'ann', [['ben', 10]]),
      resultOf(1, 'ann', [
        ['ann', 7],
        ['ben', 2],
      ]),
    ]
    expect(peerHistory(entries, 'ann').map(({ microjob, role, credit }) => [microjob, role, credit])).toEqual([
      [1, 'processor', 7],
      [0, 'host', 0],
    ])
    expect(peerHistory(entries, 'vera').map(({ role }) => role)).toEqual(['checker', 'checker'])
    expect(peerHistory(entries, 'nobody')).toEqual([])
  })

  it('of a job has its results and refusals, and not those of others', () => {
    const history = jobHistory([resultOf(0, 'ann', [['ann', 3]]), refusal, resultOf(1, 'ann', [['ann', 100]], 1, 'other')], 'job')
    expect([history.results.length, history.refusals.length, history.credit]).toEqual([1, 1, 3])
  })
})

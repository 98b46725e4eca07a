import type { Helia } from 'helia'
import { base64 } from 'multiformats/bases/base64'
import { CID } from 'multiformats/cid'

interface Bitswap {
  wantList: {
    wants: Map<string, { cancel: boolean }>
    /** Wants that each peer was told of. */
    peers: { values(): Iterable<Set<string>> }
    wantBlock(cid: CID, options?: object): Promise<unknown>
  }
  peerWantLists: {
    ledgerMap: { get(peer: unknown): { wants: Map<string, { status: string }> } | undefined }
    receiveMessage(peer: unknown, message: { wantlist?: { entries: { cid: Uint8Array }[] } }): void
    receivedBlock(cid: CID): Promise<void>
  }
}

/**
 * Mends @helia/bitswap 4.0.19, in which a block can be asked for in vain once somebody has given it up. Who asks again
 * just then takes over the want that is about to be cancelled, and no peer is asked. And peers are never told of what
 * was given up: one sends the block to nobody, takes it for delivered, and passes over the next request. Here a want
 * that is taken over is told again, and what is asked for again is sent again.
 */
export function mendWants(helia: Helia): void {
  for (const { wantList, peerWantLists } of bitswapsOf(helia)) {
    const wantBlock = wantList.wantBlock.bind(wantList)
    wantList.wantBlock = (cid, options) => {
      const given = wantList.wants.get(nameOf(cid))
      if (given?.cancel === true) {
        given.cancel = false
        for (const told of wantList.peers.values()) told.delete(nameOf(cid))
      }
      return wantBlock(cid, options)
    }
    const receiveMessage = peerWantLists.receiveMessage.bind(peerWantLists)
    peerWantLists.receiveMessage = (peer, message) => {
      const wants = peerWantLists.ledgerMap.get(peer)?.wants
      for (const { cid } of wants === undefined ? [] : (message.wantlist?.entries ?? [])) {
        const name = nameOf(CID.decode(cid))
        if (wants?.get(name)?.status === 'sent') wants.delete(name)
      }
      receiveMessage(peer, message)
    }
  }
}

/** Sends a block to the peers that asked for it before it was here: Helia 7.1.15 looks for it before it has kept it. */
export async function sendToWanting(helia: Helia, cid: CID): Promise<void> {
  for (const { peerWantLists } of bitswapsOf(helia)) await peerWantLists.receivedBlock(cid)
}

function bitswapsOf(helia: Helia): Bitswap[] {
  const { blockBrokers } = helia as unknown as { blockBrokers: { bitswap?: Bitswap }[] }
  return blockBrokers.flatMap(({ bitswap }) => bitswap ?? [])
}

function nameOf(cid: CID): string {
  return base64.baseEncode(cid.multihash.bytes)
}

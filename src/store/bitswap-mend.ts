import type { Helia } from 'helia'
import type { PeerId } from '@libp2p/interface'
import { base64 } from 'multiformats/bases/base64'
import { CID } from 'multiformats/cid'

interface Bitswap {
  wantList: {
    network: { sendMessage(peer: PeerId, message: Message, options?: object): Promise<void> }
    wants: Map<string, unknown>
    /** Wants that each peer was told of. */
    peers: { get(peer: PeerId): Set<string> | undefined; values(): Iterable<Set<string>> }
    wantBlock(cid: CID, options?: object): Promise<unknown>
    sendMessagesDebounced(): Promise<void>
  }
  peerWantLists: {
    ledgerMap: { get(peer: PeerId): { wants: Map<string, { status: string }> } | undefined }
    receiveMessage(peer: PeerId, message: { wantlist?: { full?: boolean; entries: Want[] } }): void
    receivedBlock(cid: CID): Promise<void>
  }
}

interface Message {
  /** It names all wants, because the peer has just come. */
  full: boolean
  wantlist: Map<string, Want>
}

interface Want {
  cid: Uint8Array
}

/**
 * Mends @helia/bitswap 4.0.19, which can ask for a block in vain, or late:
 * - Who asks for what another one has just given up joins a want that is about to be forgotten, and no peer is asked.
 * - No peer is told of what was given up. One that has sent the block to nobody takes it for delivered, and passes over
 *   the next request.
 * - Whoever has fetched a block sends it to the peers that wait for it only until its own reader's signal aborts, and
 *   takes what was cut off for being sent, for good.
 * - While one peer cannot be told, up to 10 s, no other is told of anything new.
 *
 * The cure: every call of `wantBlock`, of which there is one at a time for a block, is told to all peers; what is asked
 * for again is sent again; what peers wait for is sent whatever becomes of the readers here; and each peer is told at
 * its own pace.
 */
export function mendBitswap(helia: Helia): void {
  for (const bitswap of bitswapsOf(helia)) {
    tellAgain(bitswap)
    tellEachByItself(bitswap)
    sendAgain(bitswap)
  }
}

function tellAgain({ wantList }: Bitswap): void {
  const wantBlock = wantList.wantBlock.bind(wantList)
  wantList.wantBlock = (cid, options) => {
    const name = nameOf(cid)
    wantList.wants.delete(name)
    for (const told of wantList.peers.values()) told.delete(name)
    return wantBlock(cid, options)
  }
}

function tellEachByItself({ wantList }: Bitswap): void {
  const { network } = wantList
  const telling = new Map<string, Message>()
  const waiting = new Set<string>()
  const sendMessage = async (peer: PeerId, message: Message, options?: object): Promise<void> => {
    const id = peer.toString()
    if (telling.has(id) && !message.full) {
      waiting.add(id)
      throw new Error('it is being told: all that is new follows in one message')
    }
    telling.set(id, message)
    const names = [...message.wantlist.values()].map(({ cid }) => nameOf(CID.decode(cid)))
    const forget = (): void => names.forEach((name) => wantList.peers.get(peer)?.delete(name))
    const end = (): void => {
      if (telling.get(id) !== message) return
      telling.delete(id)
      if (waiting.delete(id)) void wantList.sendMessagesDebounced()
    }
    void network.sendMessage(peer, message, options).catch(forget).then(end)
  }
  wantList.network = { sendMessage }
}

function sendAgain({ peerWantLists }: Bitswap): void {
  const receiveMessage = peerWantLists.receiveMessage.bind(peerWantLists)
  peerWantLists.receiveMessage = (peer, message) => {
    const wants = peerWantLists.ledgerMap.get(peer)?.wants
    // A list of all wants only repeats: their blocks may be on the way.
    if (message.wantlist?.full !== true) {
      for (const { cid } of message.wantlist?.entries ?? []) {
        const name = nameOf(CID.decode(cid))
        if (wants !== undefined && wants.get(name)?.status !== 'want') wants.delete(name)
      }
    }
    receiveMessage(peer, message)
  }
  const receivedBlock = peerWantLists.receivedBlock.bind(peerWantLists)
  peerWantLists.receivedBlock = (cid) => receivedBlock(cid)
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

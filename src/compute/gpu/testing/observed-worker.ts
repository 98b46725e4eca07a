import '../worker.ts'

/**
 * The engine's worker for tests: it tells on a channel what reaches it and what it submits, and loses its devices when it
 * is told to. Its name is a JSON object: `channel`, and `losses`, for each device after how many submits it goes.
 */
const { channel, losses } = JSON.parse((globalThis as unknown as { name: string }).name) as { channel: string; losses: number[] }
const told = new BroadcastChannel(channel)

addEventListener('message', (event: MessageEvent<{ kind: string }>) => told.postMessage(event.data.kind))

const requestDevice = GPUAdapter.prototype.requestDevice
GPUAdapter.prototype.requestDevice = async function (descriptor) {
  const device = await requestDevice.call(this, descriptor)
  const { queue } = device
  const submit = queue.submit.bind(queue)
  let left = losses.shift() ?? Infinity
  queue.submit = (buffers) => {
    told.postMessage('submit')
    submit(buffers)
    if (--left === 0) device.destroy()
  }
  return device
}

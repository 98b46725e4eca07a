/** Kernel source. SHA-256 as FIPS 180-4 defines it; the message is 40 bytes, one block, and its hash is hashed again. */
const K = [
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
  0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
  0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
  0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
  0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
  0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
]

export const source = /* wgsl */ `
const K = array<u32, 64>(${K.map((word) => `0x${word.toString(16).padStart(8, '0')}u`).join(', ')});
const START = array<u32, 8>(
  0x6a09e667u, 0xbb67ae85u, 0x3c6ef372u, 0xa54ff53au, 0x510e527fu, 0x9b05688cu, 0x1f83d9abu, 0x5be0cd19u
);

fn rotate(x: u32, n: u32) -> u32 {
  return (x >> n) | (x << (32u - n));
}

fn compress(block: array<u32, 16>) -> array<u32, 8> {
  var w = block;
  var a = START[0]; var b = START[1]; var c = START[2]; var d = START[3];
  var e = START[4]; var f = START[5]; var g = START[6]; var h = START[7];
  // Sixteen rounds at a time, so that the words of the message schedule lie where a constant index finds them.
  for (var round = 0u; round < 64u; round += 16u) {
    for (var i = 0u; i < 16u; i++) {
      if (round > 0u) {
        let w15 = w[(i + 1u) & 15u];
        let w2 = w[(i + 14u) & 15u];
        let s0 = rotate(w15, 7u) ^ rotate(w15, 18u) ^ (w15 >> 3u);
        let s1 = rotate(w2, 17u) ^ rotate(w2, 19u) ^ (w2 >> 10u);
        w[i] = w[i] + s0 + w[(i + 9u) & 15u] + s1;
      }
      let sum1 = rotate(e, 6u) ^ rotate(e, 11u) ^ rotate(e, 25u);
      let choice = g ^ (e & (f ^ g));
      let t1 = h + sum1 + choice + K[round + i] + w[i];
      let sum0 = rotate(a, 2u) ^ rotate(a, 13u) ^ rotate(a, 22u);
      let majority = (a & b) ^ (c & (a ^ b));
      h = g; g = f; f = e; e = d + t1;
      d = c; c = b; b = a; a = t1 + sum0 + majority;
    }
  }
  return array<u32, 8>(
    START[0] + a, START[1] + b, START[2] + c, START[3] + d, START[4] + e, START[5] + f, START[6] + g, START[7] + h
  );
}

// The message: eight words of data and the nonce, low word first; all words big-endian.
fn kernel(id: vec3<u32>) -> vec2<u32> {
  var block: array<u32, 16>;
  for (var i = 0u; i < 8u; i++) {
    block[i] = params.data[i];
  }
  block[8] = id.x;
  block[9] = params.nonceHigh;
  block[10] = 0x80000000u;
  block[15] = 320u;
  let first = compress(block);
  for (var i = 0u; i < 8u; i++) {
    block[i] = first[i];
  }
  block[8] = 0x80000000u;
  block[9] = 0u;
  block[10] = 0u;
  block[15] = 256u;
  let hash = compress(block);
  let zeros = select(countLeadingZeros(hash[0]), 32u + countLeadingZeros(hash[1]), hash[0] == 0u);
  return select(vec2(0u), vec2(1u, id.x), zeros >= params.zeroBits);
}
`

"""ident.csv and rng.csv: a second encoder of the canonical form, blake3 and ChaCha8 written out in plain Python.

The last line of the header is followed by `id,json`; JSON may hold commas, so a reader splits at the first only.
"""
import json
import os
import struct

from _common_stats import OUT, write

# blake3, from the paper; enough for short inputs in key derivation mode (at most one chunk of 1024 bytes).
IV = [0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19]
PERM = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8]
MASK = 0xFFFFFFFF


def rotr(x, n):
    return ((x >> n) | (x << (32 - n))) & MASK


def compress(cv, block, length, flags):
    m = list(struct.unpack("<16I", block.ljust(64, b"\0")))
    v = list(cv) + IV[:4] + [0, 0, length, flags]

    def g(a, b, c, d, x, y):
        v[a] = (v[a] + v[b] + x) & MASK
        v[d] = rotr(v[d] ^ v[a], 16)
        v[c] = (v[c] + v[d]) & MASK
        v[b] = rotr(v[b] ^ v[c], 12)
        v[a] = (v[a] + v[b] + y) & MASK
        v[d] = rotr(v[d] ^ v[a], 8)
        v[c] = (v[c] + v[d]) & MASK
        v[b] = rotr(v[b] ^ v[c], 7)

    for r in range(7):
        g(0, 4, 8, 12, m[0], m[1]); g(1, 5, 9, 13, m[2], m[3]); g(2, 6, 10, 14, m[4], m[5]); g(3, 7, 11, 15, m[6], m[7])
        g(0, 5, 10, 15, m[8], m[9]); g(1, 6, 11, 12, m[10], m[11]); g(2, 7, 8, 13, m[12], m[13]); g(3, 4, 9, 14, m[14], m[15])
        m = [m[i] for i in PERM]
    return [v[i] ^ v[i + 8] for i in range(8)]


def one_chunk(key, data, mode):
    assert len(data) <= 1024
    blocks = [data[i:i + 64] for i in range(0, len(data), 64)] or [b""]
    cv = key
    for i, b in enumerate(blocks):
        last = i == len(blocks) - 1
        cv = compress(cv, b, len(b), mode | (1 if i == 0 else 0) | (2 | 8 if last else 0))
    return cv


def derive_key(context, data):
    key = one_chunk(IV, context.encode(), 32)
    return struct.pack("<8I", *one_chunk(key, data, 64))


def form(v):
    def blob(tag, b):
        return bytes([tag]) + struct.pack("<Q", len(b)) + b

    if v is None:
        return b"\0"
    if isinstance(v, bool):
        return b"\2" if v else b"\1"
    if isinstance(v, int):
        return (b"\4" if v < 0 else b"\3") + abs(v).to_bytes(16, "little")
    if isinstance(v, float):
        return b"\5" + struct.pack("<d", v + 0.0)
    if isinstance(v, str):
        return blob(6, v.encode())
    if isinstance(v, list):
        return bytes([8]) + struct.pack("<Q", len(v)) + b"".join(map(form, v))
    pairs = sorted((form(k), form(x)) for k, x in v.items())
    return bytes([9]) + struct.pack("<Q", len(pairs)) + b"".join(k + x for k, x in pairs)


def domain(name):
    return struct.pack("<Q", len(name)) + name.encode()


assert one_chunk(IV, b"", 0) and struct.pack("<8I", *one_chunk(IV, b"", 0)).hex().startswith("af1349b9f5f9a1a6")

values = [None, True, 0, 5, -5, 2**63, 1.0, -0.0, 1e-310, "", "close", [], [1, [2.5, None]], {}, {"b": 1, "a": {"z": [], "y": "\u00e9"}},
          {"period": 14, "mult": 2.0, "field": "close", "a_longer_name": False}]
with open(os.path.join(OUT, "ident.csv"), "w") as f:
    f.write("# id_of(\"golden\", value) of JSON values\n# source: an encoder and a blake3 in plain Python\n"
            "# generator: data-fixtures/gen/stats/ident.py\n# tolerance: exact\nid,json\n")
    for v in values:
        f.write(derive_key("quant-engine id v1", domain("golden") + form(v)).hex() + "," + json.dumps(v, ensure_ascii=False) + "\n")


def chacha8(key, counter, stream):
    def rotl(x, n):
        return ((x << n) | (x >> (32 - n))) & MASK

    init = [0x61707865, 0x3320646E, 0x79622D32, 0x6B206574, *struct.unpack("<8I", key), counter & MASK, counter >> 32, stream & MASK, stream >> 32]
    s = list(init)

    def qr(a, b, c, d):
        s[a] = (s[a] + s[b]) & MASK; s[d] = rotl(s[d] ^ s[a], 16)
        s[c] = (s[c] + s[d]) & MASK; s[b] = rotl(s[b] ^ s[c], 12)
        s[a] = (s[a] + s[b]) & MASK; s[d] = rotl(s[d] ^ s[a], 8)
        s[c] = (s[c] + s[d]) & MASK; s[b] = rotl(s[b] ^ s[c], 7)

    for _ in range(4):
        qr(0, 4, 8, 12); qr(1, 5, 9, 13); qr(2, 6, 10, 14); qr(3, 7, 11, 15)
        qr(0, 5, 10, 15); qr(1, 6, 11, 12); qr(2, 7, 8, 13); qr(3, 4, 9, 14)
    return struct.pack("<16I", *((a + b) & MASK for a, b in zip(s, init)))


rows = []
for seed, name, stream in [(0, "", 0), (42, "bootstrap", 0), (42, "bootstrap", 1), (2**64 - 1, "market.gbm", 2**64 - 1)]:
    key = derive_key("quant-engine random stream v1", struct.pack("<Q", seed) + name.encode())
    for position in [0, 1, 7, 8, 1000, 2**40]:
        block = chacha8(key, position // 8, stream)
        word = struct.unpack_from("<Q", block, position % 8 * 8)[0]
        rows.append((str(seed), name, str(stream), str(position), str(word)))
write("rng.csv", "the 64-bit word at a position of a stream", "blake3 and ChaCha8 in plain Python (ident.py)", "exact",
      ["seed", "domain", "id", "position", "word"], rows)

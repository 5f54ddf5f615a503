#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The formats of envpod-vault(5) once more, by the page alone and without libsodium.
	vault.py check                          the published vector of XChaCha20-Poly1305
	vault.py open FILE KEYFILE              the text of an index
	vault.py value FILE KEYHEX IDHEX NAME   the value of a secret
	vault.py make STATE POD NAME VALUE [TIME]  a vault with one secret of that pod
	vault.py bundle FILE PASSPHRASE         the text of a bundle (Argon2id by libargon2)
"""
import hashlib
import os
import struct
import sys


def rotl(v, n):
    return ((v << n) | (v >> (32 - n))) & 0xFFFFFFFF


def rounds(s):
    w = list(s)

    def quarter(a, b, c, d):
        w[a] = (w[a] + w[b]) & 0xFFFFFFFF; w[d] = rotl(w[d] ^ w[a], 16)
        w[c] = (w[c] + w[d]) & 0xFFFFFFFF; w[b] = rotl(w[b] ^ w[c], 12)
        w[a] = (w[a] + w[b]) & 0xFFFFFFFF; w[d] = rotl(w[d] ^ w[a], 8)
        w[c] = (w[c] + w[d]) & 0xFFFFFFFF; w[b] = rotl(w[b] ^ w[c], 7)
    for _ in range(10):
        for i in range(4):
            quarter(i, 4 + i, 8 + i, 12 + i)
        for i in range(4):
            quarter(i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
    return w


SIGMA = struct.unpack('<4I', b'expand 32-byte k')


def block(key, counter, nonce):
    s = SIGMA + struct.unpack('<8I', key) + (counter,) + struct.unpack('<3I', nonce)
    return struct.pack('<16I', *[(a + b) & 0xFFFFFFFF for a, b in zip(rounds(s), s)])


def stream(key, nonce, data):
    out = bytearray()
    for i in range(0, len(data), 64):
        out += bytes(a ^ b for a, b in zip(data[i:i + 64], block(key, 1 + i // 64, nonce)))
    return bytes(out)


def poly1305(key, msg):
    r = int.from_bytes(key[:16], 'little') & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    s, acc = int.from_bytes(key[16:], 'little'), 0
    for i in range(0, len(msg), 16):
        acc = (acc + int.from_bytes(msg[i:i + 16] + b'\x01', 'little')) * r % ((1 << 130) - 5)
    return ((acc + s) & ((1 << 128) - 1)).to_bytes(16, 'little')


def pad(b):
    return b + bytes(-len(b) % 16)


def prepared(key, nonce, ad, cipher):
    w = rounds(SIGMA + struct.unpack('<8I', key) + struct.unpack('<4I', nonce[:16]))
    sub, short = struct.pack('<8I', *(w[:4] + w[12:])), bytes(4) + nonce[16:]
    tag = poly1305(block(sub, 0, short)[:32], pad(ad) + pad(cipher) + struct.pack('<QQ', len(ad), len(cipher)))
    return sub, short, tag


def encrypt(key, nonce, ad, plain):
    w = rounds(SIGMA + struct.unpack('<8I', key) + struct.unpack('<4I', nonce[:16]))
    cipher = stream(struct.pack('<8I', *(w[:4] + w[12:])), bytes(4) + nonce[16:], plain)
    return cipher + prepared(key, nonce, ad, cipher)[2]


def decrypt(key, nonce, ad, data):
    sub, short, tag = prepared(key, nonce, ad, data[:-16])
    if tag != data[-16:]:
        sys.exit('not authentic')
    return stream(sub, short, data[:-16])


def key_id(key):
    return hashlib.blake2b(b'envpod-vault key id', digest_size=16, key=key).digest()


def open_index(data, key, magic=b'envpodvi'):
    got, form, _, _, kid = struct.unpack_from('<8sIIQ16s', data)
    words, = struct.unpack_from('<I', data, 64)
    assert got == magic and form == 1 and kid == key_id(key)
    head = data[:92 + words]
    return decrypt(key, data[68:92], head, data[len(head):])


def seal_index(text, key):
    head = struct.pack('<8sIIQ16s16sIII', b'envpodvi', 1, 0, 1, key_id(key), bytes(16), 0, 0, 0) + os.urandom(24)
    return head + encrypt(key, head[68:92], head, text)


def open_value(data, key, ident, name):
    magic, form, zero, _, kid = struct.unpack_from('<8sIIQ16s', data)
    assert magic == b'envpodvs' and form == 1 and zero == 0 and kid == key_id(key)
    return decrypt(key, data[40:64], data[:64] + ident + name, data[64:])


def seal_value(value, key, ident, name, version):
    head = struct.pack('<8sIIQ16s', b'envpodvs', 1, 0, version, key_id(key)) + os.urandom(24)
    return head + encrypt(key, head[40:64], head + ident + name, value)


def write(path, data):
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 'wb') as f:
        f.write(data)


def make(state, pod, name, value, time=1700000000):
    master, key, ident = os.urandom(32), os.urandom(32), os.urandom(16)
    text = (f'envpod-vault-index 1\nscope pod {pod} {ident.hex()} {key.hex()}\nserial 7\n'
            f'secret {name} 7 {time}\nend\n')
    write(f'{state}/keys/master', master.hex().encode() + b'\n')
    write(f'{state}/keys/index', seal_index(text.encode(), master))
    write(f'{state}/pods/{pod}/vaultid', ident.hex().encode() + b'\n')
    write(f'{state}/pods/{pod}/vault/{name}', seal_value(value.encode(), key, ident, name.encode(), 7))


def check():
    key, nonce = bytes(range(0x80, 0xa0)), bytes(range(0x40, 0x58))
    ad = bytes.fromhex('50515253c0c1c2c3c4c5c6c7')
    plain = (b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, "
             b"sunscreen would be it.")
    out = encrypt(key, nonce, ad, plain)
    assert out[:16].hex() == 'bd6d179d3e83d43b9576579493c0e939'
    assert out[-16:].hex() == 'c0875924c1c7987947deafd8780acf49'
    assert decrypt(key, nonce, ad, out) == plain


def bundle(path, passphrase):
    import argon2.low_level as argon2
    data = open(path, 'rb').read()
    salt, passes, memory = data[40:56], *struct.unpack_from('<II', data, 56)
    key = argon2.hash_secret_raw(passphrase.encode(), salt, passes, memory, 1, 32, argon2.Type.ID)
    return open_index(data, key, b'envpodvb')


def main(word, *a):
    out = sys.stdout.buffer
    if word == 'check':
        check()
    elif word == 'open':
        out.write(open_index(open(a[0], 'rb').read(), bytes.fromhex(open(a[1]).read())))
    elif word == 'value':
        out.write(open_value(open(a[0], 'rb').read(), bytes.fromhex(a[1]), bytes.fromhex(a[2]), a[3].encode()))
    elif word == 'make':
        make(*a)
    elif word == 'bundle':
        out.write(bundle(*a))


main(*sys.argv[1:])

"""fake_pooler.py PORT - answers every start of a connection as PgBouncer does when it
comes to a startup parameter that it does not know."""
import socket
import struct
import sys

REQUESTS = {80877103, 80877104}  # for SSL and GSS encryption


def exactly(client, size):
    data = b""
    while len(data) < size:
        more = client.recv(size - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def startup(client):
    while True:
        size, code = struct.unpack("!II", exactly(client, 8))
        words = exactly(client, size - 8).split(b"\0")
        if code not in REQUESTS:
            return dict(zip(words[0::2], words[1::2]))
        client.sendall(b"N")


def refuse(client):
    parameters = startup(client)
    name = b"replication" if b"replication" in parameters else b"options"
    fields = b"SFATAL\0C08P01\0Munsupported startup parameter: " + name + b"\0\0"
    client.sendall(b"E" + struct.pack("!I", len(fields) + 4) + fields)


server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    connection, _ = server.accept()
    with connection:
        try:
            refuse(connection)
        except (EOFError, OSError):
            pass

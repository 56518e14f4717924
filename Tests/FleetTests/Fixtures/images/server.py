"""Serves the files of a folder on loopback, as a good web server does: entity tags, ranges, If-Range.

usage: server.py FOLDER    prints its port. Paths under /cut/ lose the connection behind a quarter of what was asked for.
Each request is noted in FOLDER/requests as "PATH RANGE". Ends with its parent, or when its standard input ends.
"""
import http.server
import os
import re
import select
import signal
import sys
import threading

folder = sys.argv[1]
parent = os.getppid()


def end_with_parent():
    # Both, because a sibling may hold the other end of our input. PR_SET_PDEATHSIG would be about the parent's thread.
    while os.getppid() == parent:
        if select.select([0], [], [], 0.5)[0] and not os.read(0, 1024):
            break
    os._exit(0)


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *words):
        pass

    def do_GET(self):
        path = self.path.split("?")[0]
        wanted = self.headers.get("Range")
        with open(os.path.join(folder, "requests"), "a") as notes:
            notes.write("%s %s\n" % (path, wanted or "-"))
        name = os.path.join(folder, re.sub("^/(cut/)?", "", path))
        if not os.path.isfile(name):
            self.send_error(404)
            return
        with open(name, "rb") as file:
            content = file.read()
        tag = '"%x-%x"' % (os.stat(name).st_mtime_ns, len(content))
        start = 0
        if wanted and self.headers.get("If-Range", tag) == tag:
            start = int(re.match(r"bytes=(\d+)-", wanted).group(1))
            if start >= len(content):
                self.send_response(416)
                self.send_header("Content-Range", "bytes */%d" % len(content))
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206)
            self.send_header("Content-Range", "bytes %d-%d/%d" % (start, len(content) - 1, len(content)))
        else:
            self.send_response(200)
        self.send_header("ETag", tag)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        rest = content[start:]
        self.wfile.write(rest[: len(rest) // 4] if path.startswith("/cut/") else rest)


# A test's thread may block signals, and its children with it.
signal.pthread_sigmask(signal.SIG_SETMASK, [])
threading.Thread(target=end_with_parent, daemon=True).start()
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()

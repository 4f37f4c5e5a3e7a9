// One row of Linux's tables of TCP sockets (/proc/net/tcp and tcp6), which tell whose a connection or a listening port is.
// The order of the columns is part of the kernel's interface; see proc(5).

/** Addresses as the table writes them, in hexadecimal digits; `inode` '0': no process holds the socket any more. */
export type SocketRow = { local: string; remote: string; state: string; uid: number; inode: string }

export function readRow(line: string): SocketRow {
  // sl, local address, remote address, state, queues, timer, retransmissions, uid, timeout, inode
  const [, local = '', remote = '', state = '', , , , uid, , inode = ''] = line.trim().split(/\s+/)
  return { local, remote, state, uid: Number(uid), inode }
}

// The core as the gateway sees it, for as long as the core lives: before its vault is open every question is answered
// with what keeps the vault closed, so that the listener need not know of vaults.
import type { Upstreams } from '../keeper/upstreams.ts'
import type { Admission, OwnRoutes } from './port.ts'

/** What there is once the vault is open. */
export type Parts = { upstreams: Upstreams; admission: Admission; own: OwnRoutes }

/** `parts` throws a TokentrayError while there are none. */
export function lateParts(parts: () => Parts): Parts {
  return {
    upstreams: {
      find: (server) => parts().upstreams.find(server),
      token: async (server, signal) => parts().upstreams.token(server, signal),
      renewed: async (server, generation, signal) => parts().upstreams.renewed(server, generation, signal),
      retryAfter: (server) => parts().upstreams.retryAfter(server),
      accepted: (server) => parts().upstreams.accepted(server),
      needsScope: (server, scopes) => parts().upstreams.needsScope(server, scopes)
    },
    admission: {
      admit: async (headers, server) => parts().admission.admit(headers, server),
      onRevoked: (caller, server, cut) => parts().admission.onRevoked(caller, server, cut),
      noteUse: (caller, server) => parts().admission.noteUse(caller, server)
    },
    own: { handle: async (request, response, origin) => parts().own.handle(request, response, origin) }
  }
}

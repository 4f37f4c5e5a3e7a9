// A sign-in that is finished on another device (RFC 8628): the code, the address to enter it at, and a QR code of that address.
// The QR code is drawn here as one SVG path, so that nothing a server sent can become markup.
import { encode } from 'uqr'
import { picturedLink } from '../app/contract/device.ts'
import type { DeviceCodeView } from '../app/contract/views.ts'
import { copy } from './actions.ts'
import { ActionButton } from './controls.tsx'
import { signInWords } from './words/signIn.ts'

const text = signInWords

export function DeviceCode({ device }: { device: DeviceCodeView }) {
  const link = device.verificationUriComplete ?? device.verificationUri
  const pictured = picturedLink(device)
  return (
    <section>
      <h2 className="cap">{text.device}</h2>
      <p className="code" data-copy="code">
        {device.userCode}
      </p>
      <p className="help">
        {text.deviceHelp} <strong>{device.verificationUri}</strong>
      </p>
      {pictured !== null && <Picture of={pictured} />}
      <div className="acts">
        <a className="button plain" href={link} target="_blank" rel="noreferrer">
          {text.deviceOpen}
        </a>
        <ActionButton action="copy" onPress={() => copy(link)}>
          {text.copyLink}
        </ActionButton>
      </div>
    </section>
  )
}

/** A QR code, dark on light in every theme, as scanners want it. */
function Picture({ of }: { of: string }) {
  const { data, size } = encode(of, { border: 2 })
  const path = data.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : ''))).join('')
  return (
    <svg className="qr" role="img" aria-label={text.devicePicture} viewBox={`0 0 ${size} ${size}`}>
      <rect width={size} height={size} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  )
}

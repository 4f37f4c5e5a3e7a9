// Checkboxes for the servers that a client or key may use; none is ticked at first, so that access is a choice.
// Used for requests that named no server, and for new keys.
import { Checkbox } from 'react-aria-components/Checkbox'
import { fullName, snapshots } from './store.ts'

export function ServerBoxes({
  label,
  value,
  onChange
}: {
  label: string
  value: readonly string[]
  onChange: (servers: string[]) => void
}) {
  const servers = snapshots.use()?.servers ?? []
  return (
    <fieldset className="choice">
      <legend>{label}</legend>
      <div className="options">
        {servers.map(({ id, name, nameWithHost }) => (
          <Checkbox
            key={id}
            className="check"
            isSelected={value.includes(id)}
            onChange={(on) => onChange(on ? [...value, id] : value.filter((other) => other !== id))}
          >
            <span className="box" aria-hidden="true" />
            {fullName({ name, nameWithHost })}
          </Checkbox>
        ))}
      </div>
    </fieldset>
  )
}

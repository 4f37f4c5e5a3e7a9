// A group of radio buttons, each with a line of explanation.
// No drop-down list, because a person should see all choices at once.
import { Label } from 'react-aria-components/Label'
import { Radio, RadioGroup } from 'react-aria-components/RadioGroup'
import { Text } from 'react-aria-components/Text'

type Option = { value: string; text: string; help?: string }

export function Choice({
  label,
  help,
  value,
  onChange,
  options
}: {
  label: string
  help?: string
  value: string
  onChange: (value: string) => void
  options: readonly Option[]
}) {
  return (
    <RadioGroup className="choice" value={value || null} onChange={onChange}>
      <Label>{label}</Label>
      <div className="options">
        {options.map((option) => (
          <Radio key={option.value} value={option.value} className="radio">
            <span className="knob" aria-hidden="true" />
            <span>
              {option.text}
              {option.help && <small>{option.help}</small>}
            </span>
          </Radio>
        ))}
      </div>
      {help && (
        <Text slot="description" className="help">
          {help}
        </Text>
      )}
    </RadioGroup>
  )
}

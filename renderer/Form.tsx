// A form that is sent by Tokentray's own code, so that the browser never loads a page for it.
// With `validationBehavior="aria"` input is checked on sending, and errors are shown at their fields.
import { type FormProps, Form as Unsent } from 'react-aria-components/Form'

type Props = Omit<FormProps, 'className' | 'onSubmit'> & { ref?: React.Ref<HTMLFormElement>; onSend: () => unknown }

export function Form({ onSend, ...rest }: Props) {
  return (
    <Unsent
      {...rest}
      className="form"
      onSubmit={(event) => {
        event.preventDefault()
        onSend()
      }}
    />
  )
}

// A form that our own code sends: the browser never loads a page for it.
// `validationBehavior="aria"` where what was typed is judged on sending, and errors stand at the fields.
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

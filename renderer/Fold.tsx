// A heading that folds out what is under it. Screen readers find it among the headings, at the level given.
// The parts of a form inside it are set as the form's own with `isForm`.
import { Button } from 'react-aria-components/Button'
import { Disclosure, DisclosurePanel, type DisclosureProps } from 'react-aria-components/Disclosure'

type Props = Pick<DisclosureProps, 'defaultExpanded' | 'onExpandedChange'> & {
  title: string
  level: 2 | 3
  isForm?: boolean
  children: React.ReactNode
}

export function Fold({ title, level, isForm = false, children, ...rest }: Props) {
  const Heading = `h${level}` as const
  return (
    <Disclosure className="disclosure" {...rest}>
      <Heading>
        <Button slot="trigger">
          <span className="chevron" aria-hidden="true" /> {title}
        </Button>
      </Heading>
      <DisclosurePanel {...(isForm && { className: 'form' })}>{children}</DisclosurePanel>
    </Disclosure>
  )
}

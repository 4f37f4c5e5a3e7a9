// A heading that expands and collapses the section below it, marked as a heading so that screen readers list it.
// With `isForm` the section is laid out as a part of the form around it.
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

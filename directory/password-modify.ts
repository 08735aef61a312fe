import { AsnConvert, AsnProp, OctetString } from '@peculiar/asn1-schema'

/**
 * LDAP's own operation for passwords (RFC 3062). What a plain write of `userPassword` gives is stored as it is when it
 * begins like `{CLEARTEXT}` or another scheme; this is hashed whatever it is.
 */
export const PASSWORD_MODIFY = '1.3.6.1.4.1.4203.1.11.1'

class PasswordModifyValue {
  userIdentity = new OctetString()
  newPassword = new OctetString()
}
const text = (context: number) => AsnProp({ type: OctetString, context, implicit: true })
text(0)(PasswordModifyValue.prototype, 'userIdentity')
text(2)(PasswordModifyValue.prototype, 'newPassword')

/** The value of the request: BER, as `PasswdModifyRequestValue` without an old password. */
export function passwordModify(dn: string, password: string): Buffer {
  const value = new PasswordModifyValue()
  value.userIdentity = new OctetString(Buffer.from(dn))
  value.newPassword = new OctetString(Buffer.from(password))
  return Buffer.from(AsnConvert.serialize(value))
}

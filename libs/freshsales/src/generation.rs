//! The two generations of the product, which differ in host, path prefix and in whether there are leads.

use std::fmt;

use crate::credentials::AccountAddress;

/// Which generation of the product an account belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Generation {
    /// Freshsales Classic: `https://{subdomain}.freshsales.io/api`, with a lead record of its own.
    Classic,
    /// Freshsales Suite (Freshworks CRM): `https://{alias}.myfreshworks.com/crm/sales/api`; a lead is a contact in lifecycle stage "Lead".
    Suite,
}

impl Generation {
    /// The generation, where the address tells it by its host or path; `None` for a bare subdomain or another base URL.
    ///
    /// ```
    /// use freshsales::{AccountAddress, Generation};
    ///
    /// let address: AccountAddress = "https://acme.myfreshworks.com/crm/sales/contacts/123".parse()?;
    /// assert_eq!(Generation::from_address(&address), Some(Generation::Suite));
    /// # Ok::<(), freshsales::CredentialsError>(())
    /// ```
    pub fn from_address(address: &AccountAddress) -> Option<Self> {
        address.generation()
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Classic => "Freshsales Classic",
            Self::Suite => "Freshsales Suite",
        })
    }
}

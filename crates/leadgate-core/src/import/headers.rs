//! What columns are called in English, German, Spanish, French and Dutch, and by the programs that files come from.

/// Names of a field, normalised: small letters and digits, without accents, signs and spaces.
pub(super) const HEADERS: &[(&str, &[&str])] = &[
    ("email", &[
        "email", "mail", "emailaddress", "emailadresse", "mailadresse", "emailadres", "mailadres", "correo",
        "correoelectronico", "direcciondecorreo", "direcciondecorreoelectronico", "courriel", "adressemail",
        "adresseemail", "adressecourriel", "adresseelectronique", "primaryemail", "workemail", "businessemail",
        "emails", "email1", "email1value", "contactemail", "geschaftlicheemail", "zakelijkemail", "emailprofessionnel",
    ]),
    ("phone", &[
        "phone", "phonenumber", "telephone", "tel", "mobile", "mobilephone", "mobilenumber", "cell", "cellphone",
        "phone1value", "workphone", "businessphone", "telefon", "telefonnummer", "handy", "handynummer", "mobil",
        "mobiltelefon", "mobilnummer", "rufnummer", "telefono", "movil", "celular", "numerodetelefono", "telephonemobile",
        "portable", "numerodetelephone", "telefoon", "telefoonnummer", "mobiel", "mobielnummer", "gsm", "mobiltel",
    ]),
    ("full_name", &[
        "name", "fullname", "contactname", "contact", "leadname", "kontakt", "kontaktname", "ansprechpartner",
        "vollstandigername", "ganzername", "nombrecompleto", "nombreyapellidos", "nombreyapellido", "contacto", "nomcomplet",
        "nometprenom", "prenometnom", "interlocuteur", "volledigenaam", "naam", "contactpersoon",
    ]),
    ("first_name", &[
        "firstname", "givenname", "forename", "first", "vorname", "rufname", "nombre", "nombredepila", "prenom",
        "voornaam", "roepnaam",
    ]),
    ("last_name", &[
        "lastname", "surname", "familyname", "last", "nachname", "familienname", "zuname", "apellido", "apellidos",
        "primerapellido", "nom", "nomdefamille", "achternaam", "familienaam",
    ]),
    ("job_title", &[
        "jobtitle", "title", "position", "role", "jobrole", "job", "berufsbezeichnung", "funktion", "stelle", "beruf",
        "cargo", "puesto", "puestodetrabajo", "fonction", "poste", "intituleduposte", "functie", "functietitel",
    ]),
    ("company.name", &[
        "company", "companyname", "organization", "organisation", "organizationname", "organization1name", "account",
        "accountname", "employer", "business", "firma", "firmenname", "unternehmen", "unternehmensname", "empresa",
        "nombredelaempresa", "compania", "sociedad", "entreprise", "societe", "nomdelentreprise", "raisonsociale",
        "bedrijf", "bedrijfsnaam", "organisatie",
    ]),
    ("company.website", &[
        "website", "web", "url", "site", "homepage", "companywebsite", "companyurl", "domain", "companydomain", "webseite",
        "internetseite", "internetadresse", "sitioweb", "paginaweb", "siteweb", "siteinternet", "webadres",
    ]),
    ("employees", &[
        "employees", "numberofemployees", "employeecount", "companysize", "headcount", "mitarbeiter", "mitarbeiterzahl",
        "anzahlmitarbeiter", "empleados", "numerodeempleados", "effectif", "nombredesalaries", "nombredemployes",
        "medewerkers", "aantalmedewerkers",
    ]),
    ("address.street", &[
        "street", "streetaddress", "address", "addressline1", "address1", "mailingstreet", "strasse", "strassehausnummer",
        "strasseundhausnummer", "anschrift", "adresse", "calle", "direccion", "domicilio", "rue", "straat", "adres",
        "straatenhuisnummer",
    ]),
    ("address.city", &[
        "city", "town", "mailingcity", "stadt", "ort", "wohnort", "ciudad", "poblacion", "localidad", "ville", "commune",
        "plaats", "stad", "woonplaats",
    ]),
    ("address.state", &[
        "state", "province", "region", "county", "mailingstate", "stateprovince", "bundesland", "kanton", "estado",
        "provincia", "departement", "provincie",
    ]),
    ("address.zipcode", &[
        "zip", "zipcode", "postalcode", "postcode", "mailingzip", "plz", "postleitzahl", "codigopostal", "cp",
        "codepostal",
    ]),
    ("country", &["country", "countryregion", "mailingcountry", "land", "staat", "pais", "pays"]),
    ("source", &[
        "source", "leadsource", "origin", "quelle", "herkunft", "leadquelle", "fuente", "origen", "provenance", "bron",
        "herkomst",
    ]),
    ("campaign", &["campaign", "campaignname", "kampagne", "campana", "campagne"]),
    ("medium", &["medium", "channel", "kanal", "canal", "kanaal"]),
    ("owner", &[
        "owner", "leadowner", "accountowner", "contactowner", "salesrep", "assignedto", "besitzer", "zustandig",
        "verantwortlich", "betreuer", "propietario", "responsable", "asignadoa", "proprietaire", "commercial", "eigenaar",
        "verantwoordelijke",
    ]),
    ("tags", &["tags", "tag", "labels", "label", "schlagworte", "schlagworter", "etiquetas", "etiquettes", "motscles"]),
    ("note", &[
        "note", "notes", "comment", "comments", "remarks", "description", "message", "notiz", "notizen", "bemerkung",
        "bemerkungen", "kommentar", "anmerkung", "nachricht", "nota", "notas", "comentario", "comentarios",
        "observaciones", "mensaje", "commentaire", "commentaires", "remarque", "notitie", "notities", "opmerking",
        "opmerkingen",
    ]),
    ("language", &["language", "locale", "sprache", "idioma", "langue", "taal"]),
    ("deal.name", &["deal", "dealname", "opportunity", "opportunityname", "oportunidad", "opportunite", "verkaufschance"]),
    ("deal.amount", &[
        "dealamount", "amount", "dealvalue", "betrag", "auftragswert", "importe", "montant", "bedrag",
    ]),
    ("deal.stage", &["dealstage", "stage", "phase", "etapa", "etape", "fase"]),
];

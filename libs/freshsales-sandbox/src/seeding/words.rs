//! The words that seeded records are made of. Mail domains end in `.example`, which nobody can own.

/// People, places and habits of a country.
pub(super) struct Country {
    pub(super) name: &'static str,
    pub(super) code: &'static str,
    pub(super) dial: &'static str,
    pub(super) company_form: &'static str,
    pub(super) cities: [&'static str; 4],
    pub(super) first_names: [&'static str; 16],
    pub(super) last_names: [&'static str; 16],
}

pub(super) static COUNTRIES: [Country; 8] = [
    Country {
        name: "Finland",
        code: "fi",
        dial: "+35840",
        company_form: "Oy",
        cities: ["Helsinki", "Tampere", "Turku", "Oulu"],
        first_names: [
            "Aino", "Eero", "Helmi", "Ilmari", "Kaisa", "Lauri", "Maija", "Niilo", "Outi", "Pekka", "Riikka", "Sakari",
            "Tuuli", "Urho", "Venla", "Yrjö",
        ],
        last_names: [
            "Aalto",
            "Hakala",
            "Heikkinen",
            "Jokinen",
            "Kallio",
            "Koskela",
            "Laine",
            "Mattila",
            "Niemi",
            "Ojala",
            "Peltola",
            "Rinne",
            "Salonen",
            "Tuominen",
            "Virtanen",
            "Ylönen",
        ],
    },
    Country {
        name: "Nigeria",
        code: "ng",
        dial: "+234803",
        company_form: "Ltd",
        cities: ["Lagos", "Abuja", "Ibadan", "Enugu"],
        first_names: [
            "Adaeze", "Bola", "Chidi", "Damilola", "Emeka", "Funke", "Gbenga", "Halima", "Ifeoma", "Kelechi", "Musa",
            "Ngozi", "Obinna", "Simisola", "Tunde", "Yetunde",
        ],
        last_names: [
            "Abiola", "Adeyemi", "Bello", "Chukwu", "Danjuma", "Eze", "Fashola", "Ibrahim", "Igwe", "Lawal", "Nwosu",
            "Obi", "Okafor", "Okonkwo", "Sani", "Uche",
        ],
    },
    Country {
        name: "India",
        code: "in",
        dial: "+9198",
        company_form: "Pvt Ltd",
        cities: ["Chennai", "Pune", "Kochi", "Jaipur"],
        first_names: [
            "Aarav", "Bhavna", "Chitra", "Deepak", "Esha", "Farhan", "Gauri", "Harish", "Ishaan", "Jaya", "Kavya",
            "Lakshmi", "Manoj", "Nisha", "Rohan", "Sunita",
        ],
        last_names: [
            "Agarwal", "Bose", "Chandra", "Desai", "Ghosh", "Iyer", "Joshi", "Kulkarni", "Mehta", "Nair", "Patel",
            "Rao", "Sharma", "Singh", "Varma", "Yadav",
        ],
    },
    Country {
        name: "Brazil",
        code: "br",
        dial: "+5511",
        company_form: "Ltda",
        cities: ["São Paulo", "Recife", "Curitiba", "Salvador"],
        first_names: [
            "Ana", "Bruno", "Camila", "Diego", "Elisa", "Fábio", "Gabriela", "Heitor", "Isabela", "João", "Larissa",
            "Marcos", "Natália", "Otávio", "Renata", "Thiago",
        ],
        last_names: [
            "Almeida", "Barbosa", "Cardoso", "Duarte", "Esteves", "Farias", "Gomes", "Lima", "Moraes", "Nunes",
            "Oliveira", "Pereira", "Queiroz", "Ramos", "Silva", "Teixeira",
        ],
    },
    Country {
        name: "Japan",
        code: "jp",
        dial: "+8190",
        company_form: "KK",
        cities: ["Tokyo", "Osaka", "Sapporo", "Fukuoka"],
        first_names: [
            "Akira", "Chika", "Daichi", "Emi", "Fumio", "Haruka", "Ichiro", "Kaori", "Kenta", "Mei", "Naoki", "Rika",
            "Sora", "Takumi", "Yui", "Yuto",
        ],
        last_names: [
            "Abe", "Endo", "Fujita", "Goto", "Hayashi", "Inoue", "Kato", "Kimura", "Mori", "Nakamura", "Ono", "Saito",
            "Sato", "Tanaka", "Ueda", "Yamada",
        ],
    },
    Country {
        name: "Germany",
        code: "de",
        dial: "+49151",
        company_form: "GmbH",
        cities: ["Berlin", "Köln", "Leipzig", "Bremen"],
        first_names: [
            "Anna", "Bastian", "Clara", "David", "Elena", "Felix", "Greta", "Henrik", "Ida", "Jonas", "Katrin",
            "Lukas", "Mia", "Nils", "Paula", "Tobias",
        ],
        last_names: [
            "Arnold", "Becker", "Dietrich", "Engel", "Fischer", "Günther", "Hoffmann", "Jung", "Krause", "Lehmann",
            "Maurer", "Neumann", "Peters", "Richter", "Schäfer", "Vogel",
        ],
    },
    Country {
        name: "United States",
        code: "us",
        dial: "+1555",
        company_form: "Inc",
        cities: ["Denver", "Portland", "Austin", "Columbus"],
        first_names: [
            "Alice", "Brandon", "Carla", "Derek", "Evelyn", "Frank", "Grace", "Howard", "Irene", "Jason", "Kimberly",
            "Leo", "Monica", "Nathan", "Olivia", "Walter",
        ],
        last_names: [
            "Adams", "Brooks", "Carter", "Diaz", "Ellis", "Foster", "Graham", "Hughes", "Jenkins", "Kelly", "Morgan",
            "Owens", "Parker", "Reed", "Sullivan", "Turner",
        ],
    },
    Country {
        name: "Egypt",
        code: "eg",
        dial: "+2010",
        company_form: "SAE",
        cities: ["Cairo", "Alexandria", "Giza", "Luxor"],
        first_names: [
            "Ahmed", "Basma", "Dina", "Fatma", "Gamal", "Hana", "Ibrahim", "Karim", "Laila", "Mona", "Nour", "Omar",
            "Rania", "Salma", "Tarek", "Yasmin",
        ],
        last_names: [
            "Abdallah", "Badawi", "Darwish", "Elsayed", "Fahmy", "Gaber", "Haddad", "Ismail", "Kamel", "Mansour",
            "Naguib", "Osman", "Ragab", "Selim", "Tawfik", "Zaki",
        ],
    },
];

pub(super) static COMPANY_STARTS: [&str; 32] = [
    "Amber",
    "Birch",
    "Blue",
    "Bright",
    "Cedar",
    "Clear",
    "Copper",
    "Coral",
    "Delta",
    "Eagle",
    "Evergreen",
    "Falcon",
    "Golden",
    "Granite",
    "Harbour",
    "Indigo",
    "Iron",
    "Juniper",
    "Lantern",
    "Maple",
    "Meadow",
    "Nordic",
    "Northlight",
    "Ocean",
    "Orchard",
    "Pine",
    "River",
    "Silver",
    "Stone",
    "Summit",
    "Willow",
    "Zenith",
];

pub(super) static COMPANY_ENDS: [&str; 32] = [
    "Analytics",
    "Bakery",
    "Bikes",
    "Clinics",
    "Clothing",
    "Components",
    "Consulting",
    "Dental",
    "Design",
    "Energy",
    "Farms",
    "Finance",
    "Foods",
    "Freight",
    "Furniture",
    "Games",
    "Gardens",
    "Hotels",
    "Insurance",
    "Kitchens",
    "Labs",
    "Legal",
    "Logistics",
    "Media",
    "Motors",
    "Optics",
    "Robotics",
    "Schools",
    "Software",
    "Sports",
    "Textiles",
    "Travel",
];

pub(super) static JOB_TITLES: [&str; 16] = [
    "Accountant",
    "Buyer",
    "Chief Executive",
    "Clinic Manager",
    "Engineer",
    "Head of Marketing",
    "Head of Operations",
    "Head of Sales",
    "Human Resources Lead",
    "IT Manager",
    "Office Manager",
    "Owner",
    "Product Manager",
    "Project Lead",
    "Support Lead",
    "Works Director",
];

pub(super) static PRODUCTS: [&str; 8] = [
    "annual licence",
    "expansion",
    "pilot",
    "renewal",
    "rollout",
    "starter package",
    "support contract",
    "team licence",
];

pub(super) static NOTES: [&str; 10] = [
    "Asked for a quote by the end of the month.",
    "Called back; wants to see the reports first.",
    "Compares us with two others, price matters most.",
    "Demo went well, the team asked about the import.",
    "Left a message with the front desk.",
    "Met at the fair, asked for a price list.",
    "Needs approval from finance, back in two weeks.",
    "Sent the contract, waiting for the signature.",
    "Wants the data to stay in the country.",
    "Will start with five seats and grow from there.",
];

pub(super) static TASKS: [&str; 6] = [
    "Book the demo",
    "Call back",
    "Check the contract",
    "Prepare the quote",
    "Send the price list",
    "Set up the trial",
];

/// Name and e-mail address of people who own records.
pub(super) static OWNERS: [(&str, &str); 5] = [
    ("Sofia Marchetti", "sofia.marchetti@example.com"),
    ("Kwame Mensah", "kwame.mensah@example.com"),
    ("Ingrid Solberg", "ingrid.solberg@example.com"),
    ("Daniel Novak", "daniel.novak@example.com"),
    ("Leila Karimi", "leila.karimi@example.com"),
];

pub(super) static TERRITORIES: [&str; 4] = ["Europe", "Africa", "Americas", "Asia Pacific"];

pub(super) static PARTNER_STAGES: [&str; 3] = ["Introduced", "Joint plan", "Agreement"];

"""Words that random worlds are made of, besides those that programs mention.

Kinds and attributes are a choice from GQA's hierarchies (CC BY 4.0), by which an oracle answers.
"""

from __future__ import annotations


def _listed(text: str) -> dict[str, tuple[str, ...]]:
    """Lines `name: word, word` as a mapping."""
    rows = (line.partition(":") for line in text.strip().splitlines())
    return {
        name.strip(): tuple(word.strip() for word in words.split(",")) for name, _, words in rows
    }


KINDS = _listed("""
    person: man, woman, boy, girl, player
    man: guy, gentleman
    woman: lady
    child: boy, girl, baby, toddler
    animal: dog, cat, horse, cow, elephant
    cat: kitten
    dog: puppy, poodle
    bird: eagle, owl, parrot, pigeon
    furniture: chair, couch, desk, bed, cabinet
    table: coffee table, dining table, end table
    vehicle: car, bus, taxi, tractor, motorcycle
    aircraft: airplane, helicopter, jet
    watercraft: boat, canoe, ship
    clothing: coat, dress, hat, jacket, shirt
    footwear: boot, shoe, sandal, sneaker
    accessory: belt, bracelet, necklace, scarf
    bag: backpack, handbag, purse
    place: beach, church, field, road, city
    room: bathroom, bedroom, kitchen, office
    road: highway, path, sidewalk, runway
    building: barn, castle, house, lighthouse
    tree: oak tree, palm tree, pine tree
    plant: bush, flower, grass, rose
    food: pizza, cake, apple, carrot, cheese
    fast food: pizza, hamburger, hot dog
    vegetable: broccoli, carrot, corn, cabbage
    fruit: apple, banana, orange, mango
    meat: bacon, ham, sausage, steak
    dessert: brownie, cake, cupcake
    baked good: bagel, bread, donut, waffle
    pastry: croissant, muffin
    sauce: ketchup, mustard, gravy
    drink: coffee, juice, lemonade, milk
    meal: breakfast, dinner, lunch
    device: camera, cell phone, computer, controller
    appliance: microwave, oven, refrigerator, dishwasher
    phone: cell phone
    computer: laptop, desktop computer
    container: box, jar, canister
    bottle: ketchup bottle, soap bottle, spray bottle
    tableware: cup, mug, plate, saucer
    glass: wine glass, water glass
    utensil: fork, knife, spoon
    instrument: drum, guitar, piano, trumpet
    weapon: gun, rifle, spear, sword
    toy: balloon, doll, teddy bear, lego
    ball: baseball, soccer ball, tennis ball
    bat: baseball bat
    racket: tennis racket
    sign: stop sign, street sign, traffic sign
""")
PLURALS = {"people": "person", "men": "man", "women": "woman", "children": "child"}

CATEGORIES = _listed("""
    color: red, blue, green, white, black, yellow, brown
    material: wood, metal, plastic, glass
    shape: round, square, rectangular
    pattern: striped, checkered, dotted
    size: large, small
    pose: sitting, standing, walking
    activity: eating, reading, sleeping
    sportActivity: skiing, surfing, riding
    age: young, old
    gender: male, female
    height: tall, short
    length: long, short
    width: wide, narrow
    thickness: thick, thin
    fatness: fat, skinny
    weight: heavy, light
    hardness: hard, soft
    cleanliness: clean, dirty
    depth: deep, shallow
    state: calm, rough
    realism: real, fake
    texture: coarse, fine
    flavor: chocolate, vanilla
    race: asian, caucasian
    company: nike, adidas
    tone: dark, light
""")
MORE = _listed("""
    color: gray, grey, orange, pink, purple, tan, beige, gold, golden, silver, maroon, \
khaki, teal, blond, brunette, dark blue, light blue, dark brown, light brown, cream colored
    material: brick, concrete, leather, porcelain, wooden, metallic
    shape: triangular, octagonal, circular, rectangle, squared
    size: little, tiny, huge, giant, big
    pose: running, jumping, lying, bending, crouching, pointing
    activity: cooking, drinking, driving, playing, posing, resting, staring, talking, waiting
    sportActivity: skating, skateboarding, snowboarding, swimming
    fatness: thin
    cleanliness: stained, tinted
    state: choppy, smooth, still, wavy
""")
CATEGORY = {  # of a word, the first category that has it
    word: name
    for listed in (MORE, CATEGORIES)
    for name, words in reversed(listed.items())
    for word in words
}
COMMON = ("color", "material", "shape")  # what `common` finds first
WEATHER = ("sunny", "cloudy", "rainy")
WEATHERS = frozenset({*WEATHER, "clear", "cloudless", "foggy", "overcast", "stormy"})
LOCATIONS = ("indoors", "outdoors", "kitchen", "bedroom", "street", "beach")
BYSTANDERS = ("lamp", "window", "pole", "fence", "bucket", "mailbox", "clock", "rope")
BY_DEPTH = frozenset({"in front of", "behind", "in_front_of"})
BY_BOXES = frozenset(
    {
        *("left of", "to the left of", "on the left of", "right of", "to the right of"),
        *("on the right of", "above", "over", "below", "under", "underneath", "beneath", "near"),
        *("next to", "beside", "close to", "by", "inside", "inside of"),
    }
)


def kinds(noun: str) -> tuple[str, ...]:
    """Some kinds of a noun, in the singular or plural; none where none are listed."""
    singular = PLURALS.get(noun, noun)
    return KINDS.get(singular) or KINDS.get(singular.removesuffix("s")) or ()

"""Plots of the built-in stories in which something goes wrong, and why, and how it is put right."""

from workers.story_plot import Plot

__all__ = ["MISHAPS"]

_LOST_TOY = Plot(
    """
    {He} had a {adjective} {toy}. [{He} took it everywhere. | It was a gift from {his} {elder}. | {He} loved it very
    much.] One [sunny | warm | bright] morning, {he} took the {toy} {to}.

    {cause} [Soon | When {he} looked again,] the {toy} was gone. {hero} looked {near}, but it was not there. {He} [began
    to cry | felt very sad | sat down and did not know what to do].

    [Then | After a while,] {friend_full} came by. "[Why are you sad? | What is wrong?]" asked {friend}. "I cannot find
    my {adjective} {toy}," said {hero}. {friend} [thought for a moment | looked around] and said, "{guess} [Let us look
    together. | Come, I will help you.]"

    They went and looked {where}. [There it was! | And there was the {toy}!] {state} "Thank you, {friend}," said {hero}.
    "[You are a good friend. | Without you I would not have found it.]"

    {lesson} [Then they played with the {toy} until the sun went down. | They took turns with the {toy} all day. | In
    the evening they walked home hand in hand.]
    """,
    (
        {
            "cause": "A strong wind came and took the {toy} up into the air.",
            "guess": "The wind blew from the left, so it must be on the right.",
            "where": "up in the branches of a tree",
            "state": "A leaf was stuck to it, but it was not broken.",
            "lesson": "From that day on, {hero} held on tight when the wind blew.",
        },
        {
            "cause": "{He} saw a butterfly and ran after it. {He} forgot to hold the {toy}.",
            "guess": "You ran after the butterfly, so we must walk back the same way.",
            "where": "{far}",
            "state": "The butterfly was sitting on it.",
            "lesson": "From that day on, {hero} looked back before {he} ran away.",
        },
        {
            "cause": "A black bird came down. The bird liked things that it could carry to its nest.",
            "guess": "Birds take things to their nests.",
            "where": "in the nest of the black bird",
            "state": "They gave the bird some bread, and the bird let them take it.",
            "lesson": "From that day on, {hero} brought some bread for the bird.",
        },
        {
            "cause": "Then it began to rain, and {he} ran to a dry place. {He} left the {toy} behind.",
            "guess": "You ran from the rain, so it must be out there in the wet.",
            "where": "in a big puddle",
            "state": "It was wet and full of mud, so they washed it clean.",
            "lesson": "From that day on, {hero} took care of {his} things when it rained.",
        },
    ),
)

_BRAVE_HEART = Plot(
    """
    {hero} was afraid of only one thing. {He} was afraid of {fear}. [{He} never told this to anyone. | Sometimes {he}
    could not sleep because of it.] {His} {elder} always said, "{comfort}"

    One [day | evening | afternoon], {hero} and {friend_full} played {at}. {trouble} "[Help! | Please help
    me!]" cried {friend}.

    {hero} was [afraid | scared]. {His} heart went very fast. But {friend} needed {him}. {deed} {He} took the hand of
    {friend} and pulled [hard | as hard as {he} could]. [At last | Then] {friend} was safe.

    "[You were so brave! | You saved me!]" said {friend}. "[I was afraid all the time | My knees are still shaking],"
    said {hero}, "but I wanted to help you more than I wanted to run away."

    That night, {hero} thought about {fear}. {after} [{He} smiled and went to sleep. | {He} slept well until the
    morning.]
    """,
    (
        {
            "fear": "the dark",
            "comfort": "The dark is only the day with its eyes closed.",
            "trouble": "When the sun was gone, {friend} fell into a dark hole.",
            "deed": "So {he} counted to three and climbed down into the dark.",
            "after": "It was dark in the room, but now the dark felt soft and quiet.",
        },
        {
            "fear": "deep water",
            "comfort": "Water is a friend when you are careful.",
            "trouble": "{friend} slipped on a wet stone and fell into the water.",
            "deed": "So {he} held on to a long branch and stepped into the cold water.",
            "after": "In the morning {he} wanted to learn how to swim.",
        },
        {
            "fear": "high places",
            "comfort": "Look up, and not down.",
            "trouble": "{friend} climbed up a tall tree and could not come down again.",
            "deed": "So {he} looked up, and not down, and climbed from branch to branch.",
            "after": "{He} remembered how far one could see from the top of the tree.",
        },
        {
            "fear": "thunder",
            "comfort": "Thunder is loud, but it cannot hurt you in the house.",
            "trouble": "Then a storm came, and a branch fell on the foot of {friend}.",
            "deed": "There was thunder all around, but {he} ran out into the storm.",
            "after": "Far away there was thunder again, and it sounded like a big drum.",
        },
    ),
)

_TRUE_WORDS = Plot(
    """
    In the house of {his} {elder} stood {thing}. "[Please be careful with it | Do not play near it]," said {his}
    {elder}. "{reason}" {hero} [said yes. | said, "I will be careful."]

    But one [rainy | windy | cold] day, {hero} had nothing to do. {He} took {his} {adjective} {toy} and played in the
    house. {accident} [Oh no! | What a noise!]

    {hero} [was scared. | did not know what to do.] {He} wanted to hide {under}. Then {friend_full} looked in at the
    window. "[Tell the truth | Say what happened]," said {friend}. "[It will feel better after that. | A lie
    only gets bigger and bigger.]"

    So {hero} went to {his} {elder} and said, "[I did it, and I am sorry. | It was me. I am very sorry.]" {His} {elder}
    was [quiet for a moment. | a little sad.] "[Thank you for telling me the truth | It is good that you told me],"
    said {his} {elder}. "{repair}"

    {ending} [And {hero} never played with the {toy} in the house again. | From then on, {hero} took the {toy} outside
    to play.]
    """,
    (
        {
            "thing": "a blue cup",
            "reason": "It was a gift from my mother.",
            "accident": "The {toy} hit the table, and the cup fell down and broke into three parts.",
            "under": "under the bed",
            "repair": "We can put the parts together with glue.",
            "ending": "When the glue was dry, the cup stood on the table again. One could see three thin lines on it.",
        },
        {
            "thing": "a tall plant",
            "reason": "It has grown for ten years.",
            "accident": "The {toy} hit the pot, and the plant fell over. There was dirt all over the floor.",
            "under": "under the blanket",
            "repair": "We can give the plant a new pot.",
            "ending": "They swept up the dirt and put the plant into a bigger pot. Soon it had a new leaf.",
        },
        {
            "thing": "a jar of paint",
            "reason": "I need it for my picture.",
            "accident": "The {toy} hit the jar, and the paint ran over the picture.",
            "under": "behind the door",
            "repair": "We can make something new from the picture.",
            "ending": "They gave the paint two eyes and a tail, and it became a funny fish. Everyone liked it.",
        },
    ),
)

_SECRET_GIFT = Plot(
    """
    Soon it was the birthday of {his} {elder}. {hero} wanted to give {elder_him} [something nice | a gift], but {he} had
    no money. "[What can I do? | I have nothing to give,]" {he} said to {friend_full}. {friend} said, "[You
    can make something. | The best gifts are made by hand.]"

    {plan} [They worked in secret. | They told nobody about it.] But {trouble} [All the work was for nothing! | Now
    {hero} was very sad.] "[Do not give up | We still have time]," said {friend}. "{idea}"

    {rescue} [They were done just in time. | They worked until it was dark.] When the big day came, {hero}
    [gave the gift to {his} {elder} | put the gift on the table] and sang a song.

    {His} {elder} looked at it for a long time. "{praise}" {Elder_he} [gave {hero} a big hug. | had tears in
    {elder_his} eyes, but they were happy tears.] Then all of them ate {whole}, and {friend} got {share}, too.
    """,
    (
        {
            "plan": "So they took paper and paint and made a picture of the house.",
            "trouble": "a cat walked over the wet paint with all four feet.",
            "idea": "The marks of the feet look like flowers.",
            "rescue": "{hero} gave each mark a green line and two leaves, and now the house had a garden.",
            "praise": "I have never seen such a pretty garden!",
        },
        {
            "plan": "So they found white shells and put them on a long string.",
            "trouble": "the string broke, and the shells rolled everywhere.",
            "idea": "A thin string breaks, but three strings together are strong.",
            "rescue": "{hero} turned three strings into one, and they put the shells on it again.",
            "praise": "I will wear it every day!",
        },
        {
            "plan": "So they took wood and nails and made a little house for birds.",
            "trouble": "they had made the door too small for a bird.",
            "idea": "A small door is good for somebody small.",
            "rescue": "{hero} put some soft grass into it, and a family of bees moved in.",
            "praise": "Now there will be honey in the garden!",
        },
    ),
)

MISHAPS = (_LOST_TOY, _BRAVE_HEART, _TRUE_WORDS, _SECRET_GIFT)

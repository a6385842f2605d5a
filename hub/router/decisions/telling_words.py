"""Words that tell a language in a short message: frequent in it, and in no language near it.

A word that a related language writes alike is left out, however frequent it is: `on` is English,
Estonian and Finnish, `ei` and `ole` are Estonian and Finnish, `is` and `in` English and Dutch.
"""

from __future__ import annotations

from collections.abc import Mapping

#: Languages that a few letters do not tell from their neighbours.
ALIKE = frozenset(
    {"da", "nb", "nn", "cs", "sk", "sl", "hr", "bs", "sr", "id", "ms", "gl", "mk", "be", "af"}
)

TELLING_WORDS: Mapping[str, frozenset[str]] = {
    language: frozenset(listed.split())
    for language, listed in {
        "en": """the my your our their where when what which who why how does did doesn't didn't
            don't can't isn't hasn't i'm i've it's you're have has had would could should been
            being this that these those there please thank thanks hello anybody anyone something
            order ordered parcel delivery delivered refund need needs help with about from yet
            still already again arrived waiting and are you they she not but because
            it return stock morning wrong price works""",
        "et": """kus kuhu kust kas mu minu mul mulle mind sa sinu teie teil teile meie selle seda
            sellest siin seal miks millal kuidas palju mis mida milline palun tere tänan aitäh
            tervist hommikust õhtust päevast pole olnud olen oled oleks saan saaks saab saaksite
            saate tahan tahaks soovin vajan pakk pakki paki tellimus tellimuse tellimust
            tellimuses kaup raha tagasi jõuab jõudnud tuleb juba veel ikka enam aga või ning kui
            abi hind maksab maksmine arve number vale kingad suurus
            tänu tööta töötab toode laos""",
        "pl": """gdzie kiedy dlaczego jak jest są było będzie nie mój moja moje mojej mojego moją
            czy się mam mogę można proszę dziękuję dzień dobry dzięki cześć witam ile kosztuje
            paczka paczkę paczki zamówienie zamówienia zamówieniem zwrot zwrócić chcę chciałbym
            chciałabym potrzebuję pomocy jeszcze już został została dotrze przesyłka przesyłki
            rozmiar państwo macie działa""",
        "ar": """أين اين متى كم كيف هل لماذا ماذا هذا هذه ذلك لم لن ليس إلى على أريد اريد أحتاج
            احتاج يمكن يمكنني شكرا شكراً مرحبا مرحباً أهلا طلبي طلبية الطلب طردي الطرد الشحنة
            السعر وصل يصل فضلك عندي لدي لديكم عندكم كان المال الخير""",
        "fa": """کجاست کجا است چرا چه چند چگونه چطور آیا این آن را می نمی خیلی ممنون ممنونم لطفا
            لطفاً سفارش سفارشم سفارشی بسته بسته‌ام قیمت هست نیست دارید دارم دارد ندارم شما هنوز
            رسید نرسیده رسیده بخیر خواهم کنید برای""",
    }.items()
}

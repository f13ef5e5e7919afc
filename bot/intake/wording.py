"""The few sentences that the intake says without Rasa."""

import re

from bot.nlu.normaliser import normalise, simplified
from bot.nlu.values import spelled_out
from bot.nlu.wording import asks

ALARM = (
    "您的求助已收到，值班民警已收到提醒，正在查看。\n"
    "能打电话请拨110（火警119、急救120）；不方便打电话就在这里发字或发位置。"
)
ALARM_ENGLISH = (
    "We have your message, and the officer on duty has been alerted.\n"
    "If you can call: 110 police, 119 fire, 120 ambulance. If you cannot, write here or send your location."
)
FAINT_ALARM = (
    "您写的值班民警已收到提醒，正在查看。\n"
    "您现在安全吗？出了什么事、在哪，写一句就行。\n"
    "有危险马上打110（火警119、急救120）；心里难受，也直接跟我说。"
)
"""Of what is more likely no alarm than one: it fits either."""
FAINT_ALARM_ENGLISH = (
    "The officer on duty has been alerted to your message.\n"
    "Are you safe? Tell me in one line what happened, and where.\n"
    "In danger call 110 police, 119 fire, 120 ambulance; if you feel desperate, tell me."
)
SEEN_BESIDE = "您前面写的，值班民警也看得到；真有危险，随时写在这里或打110。"
SEEN_BESIDE_ENGLISH = "The officer also sees what you wrote before; if there is any danger, write here or call 110."
TYPING = (
    "可以，在这里打字就行，民警看得到，也能发短信到12110。\n出什么事了、人在哪，写几个字；现在有危险就写“救”和地点。"
)
"""To who asks whether one can write and not speak: it may be somebody who must not be heard."""
CHILD_GREETED = "你好呀，我在呢。出什么事了？你在哪儿，身边有没有大人？慢慢写，不会的字写拼音也行。"
"""To a child that has only said who it is."""
HALF_CHEATED = (
    "您先别急，民警也看得到。钱转出去没有？转了多少、什么时候转的，写一句就行。\n"
    "刚转的、正要转的：先停手，别再转、别说验证码，马上打110止付。"
)
"""To who was cheated and has told no more yet."""
CALMED = "停下来就好。有人伤着就打120；要是再闹起来，离远点，马上写在这里或打110。"
CALMED_ENGLISH = (
    "Good that it has stopped. If anybody is hurt call 120; if it starts again keep away, and write here or call 110."
)
# In front of an attacker it must look like nothing.
SILENT_ALARM = "收到，在办了。"
SILENT_RECEIPT = "收到。"
SILENT_ALARM_ENGLISH = "OK, on it."
SILENT_RECEIPT_ENGLISH = "OK."
SILENT_ASKED_ENGLISH = "Let me get back to you on that."
UNREAD = "您的消息已收到，值班民警会人工查看，并在这里回复您。\n如果现在有危险，请直接拨打110，或回复“现在有危险”。"
RECEIPT = "收到，民警看得到您写的。"
RECEIPT_ENGLISH = "Received. The officer on duty can see it."
ASKED = "这一点民警看到会在这里答复您。"
ASKED_AGAIN = "这句也替您留给民警了，看到会在这里回您。"
NOW = "{asked}\n眼下要紧的：{now}"
WELCOME = "不客气。{said}"
WELCOME_ENGLISH = "You are welcome. {said}"
ADDRESS_TAKEN = "地方记下了：{address}，民警看得到。不对就再写。"
PLACE_TAKEN = ("地方记下了，民警看得到。", "您写的地方记下了，民警看得到。")
HANDED_OVER = "人交给大夫了就好，您这一步走得对。"
EXCUSED = "没关系，急的时候谁都这样。"
SHAKEN = "吓着了是正常的，您已经做得很好了。坐下喝口水，找个人陪陪；缓不过来、胸口难受就打120。有什么随时写给我。"
SHAKEN_ENGLISH = (
    "That was frightening, and you did well. Sit down, drink some water, have somebody with you. "
    "Write whenever you like."
)
FRAUD_CALLER = (
    "先别信、先别转钱：真警察不会在电话、微信、视频里办案，更没有“安全账户”，也不会叫您瞒着家里人。\n"
    "他说是哪儿的警察都一样，挂了没事；拿不准打110、96110核实，或到大东路1号当面问。\n"
    "他让您做什么了？转钱了没有？转了就马上打110止付，再打银行客服。您写的值班民警看得到。"
)
"""To who asks whether an officer that called about a case of theirs is one."""
ASKED_ENGLISH = (
    "I cannot answer that for certain. The officer on duty sees your question and will answer here; "
    "if it cannot wait, call 110."
)
SILENT_OVER = "没事，知道了。"
SILENT_OVER_ENGLISH = "OK, no problem."
SILENT_ASKED = "这个一会儿回你，先等信儿。"
IN_HAND = "在的。您说的事民警看得到，会在这里回您；要是急事、有危险，马上打110。"
STILL_HERE = "在的，值班民警已收到提醒，您写的都看得到。情况一变就写在这里。"
PLACE_HEARD = "您在哪儿我记下了，民警看得到。您别走开，接着跟我说。"
WARM_AGAIN = "您这份心意我们记着，也转给大伙儿看。您多保重，有事随时在这里说。"
PHOTO_RECEIPT = "照片收到，民警看得到。"
PLACE_RECEIPT = "位置收到，民警看得到。"
VOICE_RECEIPT = "语音收到，民警会听。"
_ALL_WELL = "没事就好，"
RESOLVED = f"{_ALL_WELL}记下了，民警在值班台看得到，由民警来结案，您不用再办什么；情况有变化马上再发。"
RESOLVED_FOUND = "太好了，人找到就好，您也松口气！民警看得到，由民警来结案，您不用再办什么；人要是冻着、不舒服，打120。"
RESOLVED_ALREADY = "好，知道了，民警看得到，您不用再办什么。之前还打过110、119、120的，也打个电话说一声。"
DRILL_ANNOUNCED = (
    "知道了，谢谢提前说一声。这条还没转给民警：要让他们提前知道，回“转人工”，写清哪天几点、在哪、谁负责。\n"
    "到时候真有人受伤、真着火，照样马上打110、119。"
)
"""To who tells of a drill or of filming beforehand, which is read as play and opens no case."""
RELIEVED_UNSEEN = "太好了，您也缓一缓。在屋里待着就行，不用出去，也不用找谁说；人伤着、难受就打120，有变化写在这里。"
RELIEVED_UNSEEN_ENGLISH = "Good that they are here. Stay in, you need not meet anybody; write here if anything changes."
"""To who tells that help has come and wants to be seen by nobody."""
NOT_OVER = "知道了，还没过去：值班民警又收到提醒了。"
NOT_OVER_ENGLISH = "So it is not over. The officer has been alerted again."
"""To who tells of the danger again behind the word that it was over."""
PUT_RIGHT = ("好，以您刚改的这句为准，民警看得到。", "改过来了，按您这句算，民警看得到。")
"""To who puts a place, a number or somebody's looks right."""
RESOLVED_UNPROVEN = "记下了，您也缓一缓。民警会核实一下再结案；情况有变化马上再发。"
THANKED = "不客气，您先顾好自己。这件事民警看得到，要问您什么会在这里写；情况有变化马上再发。"
PARTING = "好，您先顾好自己。这件事民警看得到，要问您什么会在这里写；情况有变化马上再发。"
THANKED_ENGLISH = (
    "You are welcome, look after yourself. The officer has this and will write here; write if anything changes."
)
PARTING_ENGLISH = "All right, look after yourself. The officer has this and will write here; write if anything changes."
NO_CALLS = "好，记下了：别打电话、别上门，民警看得到；有要说的都在这里写。"
TYPES_ONLY = (
    "好，记下了：不打电话，有话都在这里发字，民警看得到。什么事、在哪儿，接着写就行。\n"
    "有危险就写“救”和地点，或发短信12110。"
)
"""To who does not hear and has asked for an officer."""
CONTACT_LEFT = (
    "好，记下了：地址、电话值班民警看得到，会在这里答复您或跟您约，哪天不敢打包票。\n"
    "什么事、几点方便、有啥要注意的，接着写就行。突然有危险就打110、120。"
)
"""To who leaves an address and a telephone number for an officer."""
WITHDRAWN = "好，记下了，您说不用办了，民警看得到。没关系的，往后有事随时在这里说。"
TIP_NUMBER = "线索编号 X{number}，想补充或问进展就说这个号。"
ADDED_TO_TIP = (
    "收到，已补到线索 X{number} 里。",
    "记下了，也补到线索 X{number} 里了。",
    "好，这条也在线索 X{number} 里。",
)
ADDED = ("收到，已补到您刚才说的事里，民警看得到。", "记下了，民警看得到。", "好，这条也补上了，民警看得到。")
ADDED_ENGLISH = "Noted, and added to what you told us before. The officer can see it."
REQUEST_ENGLISH = (
    "We have your message; an officer of this shift will read it and answer you here.\n"
    "Please add in English or Chinese: what happened, where, when, and how to reach you. Photos help.\n"
    "If anybody is in danger now, call 110, or write it here at once."
)
TIP_ENGLISH = (
    "Thank you for telling us; your name stays with us. An officer will read it.\n"
    "Please add where, when and who, if you know. Do not go near or ask around yourself.\n"
    "If anybody is in danger now, call 110, or write it here at once."
)
TIP_NUMBER_ENGLISH = "Your number is X{number}; name it when you add or ask anything."
FOR_THE_OFFICER = (
    "收到，民警看到会在这里回您。有急事别等，打110。",
    "记下了，这条也转给民警了。",
    "好，您写的民警都看得到，有信儿在这里告诉您。",
)
CONTACT_TAKEN = "记下了，连电话一起，民警看得到。有急事别等，打110。"
PHOTO_ADDED = "收到，已补到{title}申请（受理号{receipt}）里，民警会接着看。"
TEXT_ADDED = "收到，已补到{title}申请（受理号{receipt}）里，民警会接着看。要问别的直接问就行。"
SUPPLEMENT_SENT = "好，{title}申请（受理号{receipt}）民警会接着看，有结果在这里告诉您。"
SUPPLEMENT_WANTED = (
    "您的{title}申请（受理号{receipt}），民警要您补的是：{reason}\n照片或文字直接发在这里就行，会自动归到这份申请里。"
)
REFUSED_BECAUSE = (
    "您的{title}申请（受理号{receipt}）没有通过，民警写的原因是：{reason}\n有疑问回“转人工”；改好了可以重新申请。"
)
TAP_UNREAD = (
    "这一项现在查不了，请过一会儿再点一次；也可以把想问的直接打字发给我，值班民警看得到。\n"
    "如果现在有危险，请直接拨打110；不方便打电话就在这里发字。"
)
PICTURE_OF_QUESTION = (
    "图片收到了，图上写的我读不了。想问什么请打字说一句；要民警看这张图，回“转人工”。\n如果现在有危险，请直接拨打110。"
)
FORM_NOT_BEGUN = (
    "刚才没接上，还没开始填。请再回一次“{says}”，马上就开始。您这条民警也看得到。\n如果现在有危险，请直接拨打110。"
)
ANSWER_NOT_TAKEN = (
    "刚才没接上，这一条没填进表里，请再发一遍；前面填过的都在。您这条民警也看得到。\n如果现在有危险，请直接拨打110。"
)
DATA_ALONE = "这像是身份证号，还没往哪儿填。要办证，点下面一个，您发来的就接着用；要问别的，写一句就行。"
NOT_REPORTED = "好，没有报警，也没转给谁，就当您打听。接着问就行；真有危险，随时打110或写在这里。"
WHETHER_DANGER, DANGER_TAP = "要是有人现在有危险，点一下，我马上叫值班民警：", "现在有危险"
"""Behind the guidance to what is surely a request but for that; the button is one of the clarifying question's."""
FORMS_BEGIN = ("我要办居住证", "我要办犬证")
_BY_VOICE = "（手机的语音输入法也行）"
VOICE_ALONE = (
    "语音收到了，值班民警会听。急事请再打几个字：发生了什么，在哪里；有危险直接打110。\n"
    f"要办证、问事的，请打字{_BY_VOICE}，我马上答。"
)
VOICE_AGAIN = "这条语音也收到了，民警会听。要办证、问事的请打字，我马上答；有危险直接打110。"
VOICE_OF_FORM = (
    "语音收到了，值班民警会听。可我听不了语音，填不进表里：请照着打字，手机的语音输入法也行，前面填的都还在。\n"
    "有危险直接打110。"
)
"""To who speaks where a form is filled in."""
PICTURE_AGAIN = "照片也收到了，民警会看。发生了什么、在哪里，请打字说一句；有危险直接打110。"
MEDIA_ALONE = "收到，值班民警会查看。请再用一句话告诉我：发生了什么，在哪里？\n如果现在有危险，请直接拨打110。"
ASKED_OF_MEDIA = (VOICE_ALONE, VOICE_AGAIN, VOICE_OF_FORM, PICTURE_AGAIN, MEDIA_ALONE)
"""What is said to pictures and voices that nothing was written with."""


_RAGES = re.compile("(?:糊弄|骗|逗|耍|忽悠|唬|吓唬|当)谁|什么(?:玩意|东西|态度|破)|啥(?:玩意|态度)|有没有良心|凭啥糊弄")
_MOBILE = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")
_ENGLISH = re.compile(
    r"\b(?:help|police|please|fire|knife|gun|man|woman|someone|somebody|he|she|they|is|are|am|my|the|me|i|in|at|stop|hurt|"
    r"blood|lost|child|kid|need|come|robbed|stolen|dead|dying|car|accident|hit|kill|room|door|here|with|and|has|have|"
    r"emergency|ambulance|bleeding|following|scared|can|not|cannot|don|speak|chinese)\b",
    re.IGNORECASE,
)
_HAN = re.compile("[\u4e00-\u9fff]")
_LETTERS = re.compile("[a-z']+")
_SYLLABLES = re.compile(
    r"(?:(?:zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw])?(?:[iu]ang|iong|[aeio]ng|[iu]an|ong|iao|uai|[aeiu]n|[aou]i|[aeo]u|ao|i[aeu]|u[aeo]|"
    r"er|[aeiouv]))+"
)
"""A word that may be pinyin."""
_FEWEST_WORDS, _NO_PINYIN = 3, 0.4
_BOTH_WAYS = frozenset("著乾於藉瞭後裡台裏麽么干里后")
"""Characters that people who write simplified type as well."""


_FOUND = re.compile(
    r"(?:找到|找着|寻到|寻着|接到|接着)(?:人|他|她|孩子|娃|老人|老头|老太太|我?[爸妈爷奶姥])?[了啦喽咯咧哩嘞]"
    r"|(?:人|孩子|娃|他|她|爸|妈|弟|妹|儿子|闺女|老人|老爷子|老太太|爷|奶|姥)[^没未，。!！]{0,6}(?:回来|回家|到家)[了啦喽咯咧哩嘞]"
    r"|^(?:哎|诶|呀|啊|，|,|自己|刚|已经|都|可|总算|终于)*(?:回来|到家)[了啦喽咯咧哩嘞]"
    r"|(?:给|帮忙?|把)[^没未，。!！]{0,6}(?:送|领|带|接|扶|背)(?:回来|回家|到家)[了啦喽咯的]"
    r"|(?<!刚才)[搁在](?:邻居|对门|楼[上下]|同学|小朋友|奶奶|姥姥)[^，。 ]{0,3}家?(?:里|屋)?"
    r"(?:看|玩|睡|吃|写|待|呆|坐)[^，。]{0,6}呢(?!.*(?:出来|出去|后来|没(?!说|报|事)|不见))"
)
_NOT_FOUND = re.compile(
    "等[他她孩]|我们?(?:下班|刚|一|买菜|上班)?(?:回来|回家|到家)|没找|还没|找不|没回|不见|没有?看见|未找|河|江|湖|井|水里|上不来|出不来|血|不动|昏|晕|没气|楼顶|天台|桥|锁|绑|关着|不让"
)
_PROOF = "(?:串号|发票|小票|盒子?|监控|录像|证据)"
_PROOF_FOUND = re.compile(f"{_PROOF}[^，。 ]{{0,4}}(?:找|翻|寻|在|有)|(?:找|翻|寻)[^，。 ]{{0,4}}{_PROOF}")
"""What was found is no more than what proves whose the lost thing is: 串号我找着了 盒子在家."""
_WHETHER = re.compile(r"[了啦](?:没有?|吗|么|不)[啊呀呢]?\W*$|[?？]|有没有|是不是")
"""Of who asks whether somebody is back: 找到了没有啊."""
_IN_DANGER = re.compile("[河江湖井血]|水里|上不来|出不来|不动|昏|晕|没气|叫不醒|楼顶|天台|桥上")
_MISTAKE = re.compile(
    "钥匙拿错|拿错钥匙|走错(?:门|楼|家|单元)|发错|打错(?!人)|报错|弄错|搞错|看错|按错|误会|误报|误触|虚惊|串群|[打玩]游戏[呢哈喊]|在[打玩]游戏|是游戏|游戏里(?:喊|打|说|的)|吃鸡呢|联机呢|闹着玩|拍戏|拍视频呢"
)
_NO_MISTAKE = re.compile(
    "(?:不是|没|不)[^，。 ]{0,3}(?:误会|游戏|闹着玩|开玩笑|看错|弄错|搞错|打错|报错|拍戏)|但是?|可是|不过|还在打|血|救"
)


_MADE_UP = re.compile(
    "小说|故事|剧本|台词|歌词|游戏|电影|电视剧|短剧|拍摄|排练|演[习练戏]|段子|作文|编的|我写的|novel|game|movie"
)
_PLAY = re.compile("王者荣耀|吃鸡|剧本杀|狼人杀|我写的小说|是[^，。 ]{0,4}(?:小说|剧本|游戏|台词|歌词)")
"""What says by itself that it was play; "I am at the pictures" says where somebody is."""


_SAFE = re.compile(
    "我们?(?:现在|已经)*安全了|(?:警察|民警)[^，。 ]{0,8}(?:带走|抓走|走了|处理完)|"
    "(?:他|人)[^，。 ]{0,4}(?:被|让|叫)(?:警察|民警|你们|派出所)?[^，。 ]{0,4}带走"
)
_NOT_SAFE = re.compile("又|还[在没有]|但|可是|回来|救|快|没走|没带走|[没不]安全")
_LOOKED_UP = re.compile(
    r"^(?:我?[找问查想翻记][着到起出](?:来|地址|门牌)?了?|地址|门牌)[，,。:： ]?(?=[^，,。]{0,16}\d)"
)
_MAY_END = re.compile(
    "没啥?大?事|啥事没|没出事|不要紧|误|虚惊|[发打报弄搞整看听认记按]错|[看听认整转说串]岔|乌龙|冤枉|闹笑话|眼花|走眼|多心"
    "|白[跑报担着]|乱[按发]|瞎[发报说]|对不[起住]|抱歉|道歉|不好意思|赔不是|更正|作废|不算|当我没|别当真|划[掉了]|抹了"
    "|别[信派查管立跑来当]|(?<!用)不用|不必|甭|不需要|取消|撤销|销[案警]?[了吧]|算了|拉倒|[以都]撤|撤[吧案了]|以结|紧张一场"
    "|不是[^，。]{1,16}[，,。 ]*[^，。]{0,6}是|是[^，。 ]{1,12}[玩发按戳踏蹬]|看(?:清|明白|过)|弄清|问明白|核实|好好的"
    "|好着|安全|平安|放心|找[到着]|寻[到着]|[回接到](?:来|家|消息|宿舍|电话)|在家|出来|上岸|领走|醒了|好[了些多]|退烧|缓过"
    "|消停|安静|没动静|没[打吵闹响叫冒漏烧丢坏少被偷抢失]|不[打吵闹响叫冒漏烧哭]了|停了|和好|散[了干]|[走撤灭关开修退还通挪]了"
    "|[走灭关删]掉|小了|解决|处理|带走|抓[到住走]|赶走|拉开|劝开|接回|演[习练戏]|测试|试试|闹着玩|逗|恶作剧|游戏|拍戏"
    "|剧组|道具|假的|玩的|乱说|我骗|敢情|原来|zhao ?dao|mei ?shi|wu ?hui|bu ?yong"
    "|false|mistake|fine now|ok now|no need|found|never ?mind|cancel|all right|safe now|sorry",
    re.IGNORECASE,
)
"""Words without which nobody says that an alarm is over, whatever a model hears in the others."""
_AWAITS = re.compile(
    "(?:[还得要]|到底)[^，。 ]{0,2}[多好](?:久|长时间)|多(?:久|长时间)[^，。 ]{0,3}到"
    "|(?:啥|什么)时候[^，。 ]{0,2}[到来]|到哪儿?了|快[点些]?来"
)
"""Who asks when help comes has not called it off: 屋里没动静了，你们还得多久."""
_NOT_COME = re.compile("(?:来|到)了?(?:没有?|吗|么|不)(?![事啥大什多少见])")
"""Who asks whether help has come does not tell that it has: 消防来了没."""
_WHICH_DAY = re.compile(
    "(?:哪天|几号|啥时候|什么时候|多久|多咱)[^，。 ]{0,3}(?:能|会)?[^，。 ]{0,2}(?:来|上门|办|回信|回话|答复)"
)
_PLAYED = re.compile("演[习练戏]|拍[戏摄]|拍(?:短剧|电影|视频)|排练")
_ANNOUNCES = re.compile(
    "知悉|报备|备案|备个案|周知|特此|告知|通知(?:你们|您们|贵|所里|派出所|一声)|(?:跟|和|给|向)(?:你们|您们?|贵所|所里|派出所)"
    "[^，。 ]{0,3}(?:说|打|讲|提)|别当真|别出警|不用出警|提前说"
)
_GOES_ON = re.compile(
    "烫(?:手|得|死|了)|(?:还在?|又|一直|正)(?:烧|着|冒|漏|打|砸|砍|流|淌|吐|抽|撬|踹|追|涨|呛)(?![0-9急扰听算]|招呼|电话)"
    "|(?:烟|火|水|血|味儿?)[^，。 没不]{0,4}(?:更|越来|进来|上来|进屋|涌|漫|大了|浓|止不住)|冒(?:浓|黑|大)?烟"
    "|呛得?[我人]?(?:不行|难受|咳|死)"
    "|[出下逃]不(?:去|来)|逃不了|[上喘]不[上过]来?气|叫不[醒应]|没气了|(?:要|快)(?:憋|呛|烧|淹)|(?:撑|挺|顶|坚持)不(?:住|了)"
    "|困[在住]|救(?:命|我|救)|快来人"
)
_GOES_ON_NO_MORE = re.compile(
    "没事|[不没](?:再)?(?:烧|冒|漏|打|砸|流|烫|呛)|[灭关停止走散消好]了|假的|误会|虚惊|要是|如果|万一|刚才|当时|那会儿|那阵|昨|上次"
    "|[做炒]|饭|锅|修|赔|[吗？?]|不(?:要紧|用来)"
)
"""Words of a danger that is there, and what tells of it as past, small or only feared."""


_UNSURE = re.compile(
    "(?:应该|好像|可能|估计|大概|似乎|也许|八成|不知道|没准).{0,8}(?:[灭停走散消]|没事|好了|过去|找到|回来|完了|不在)"
)
_SURE = re.compile("确定|确认|亲眼|都看过|来看过|没问题|真的|已经.{0,4}(?:灭|关|走|找到)")


_SLIPS = re.compile("[看听认整弄搞闹](?:岔|差|错)(?!.{0,3}(?:楼|号|门|地址|名|单元|时间|电话))|认错人|乌龙|虚惊|误会")
"""What says that the writer was wrong, where a model hears a correction too; of a house number it says nothing."""
_CALMED = re.compile(
    "不(?:吵|打|闹|骂|干仗|砸|动手|吵吵|打架|吵架|闹腾)了|消停了|和好了|散了|停手了|(?:拉|劝)开了|手拉手"
    "|(?:stopped|not) fighting|made up"
)
_NOT_CALMED = re.compile(
    "又|还[在没要是]|但|可是|不过|血|伤|晕|昏|动不了|不动|没动静|救|怕|威胁|等会|过会|一会儿|待会|估计|可能|好像|是不是|锁"
    "|堵|躲|怎么|咋|要是|刀|[吗？?]|走不|出不"
)
_OF_THE_ALARM = re.compile(
    "受理|报警|报案|立案|出警|作证|做证|笔录|这(?:个)?事儿?[^，。 ]{0,4}(?:算|归|管|罚|影响|咋|怎么)"
    "|(?:会不会|能不能|受不受)[^，。 ]{0,3}影响|受影响|影响(?:我|俺)|罚我|罚不罚|[会被要]罚|罚款|赔我|抓我|怪我|白跑"
    "|(?:你们|民警|警察|警官)[^，。 ]{0,4}(?:来|管|抓|处理|到了)"
    "|(?:他|她|那人|对方)[^，。 ]{0,6}(?:放出来|坐牢|判|拘|抓)"
    "|(?:to|must i|should i) (?:stay|wait)|wait here|witness|testif|my report|police (?:come|help)"
)
"""Of a question that stands on the alarm itself, whatever papers it names: 没身份证会不会不受理."""
_TYPES = re.compile(
    "(?:[不没](?:打|用打|方便打|能打)电话|不(?:说话|出声|吱声|吭声)|不(?:能|方便)(?:说话|出声))[^，。]{0,6}(?:打字|发字|写字|发消息)"
    "|[光只单]打字|打字(?:报警|求助)|(?:can|may) i (?:just )?(?:type|text|write)\\b"
)

_SENT = re.compile(
    "[我俺]?(?:已经|都|刚)*(?:补|发|传|拍|重拍|重发|交|寄|弄|照)(?:好|完|过去|上去|上|过|齐)?了?(?:吧|啊|呀|哈|，|。|,|您?看[看下]?|查收|收到[没吗]|行[吗不])*"
)
_PUZZLED = re.compile(
    "(?:那|这个?|那个?|到底|我)*(?:是?啥意思|什么意思|咋回事|怎么回事|要[我俺]?(?:补|发|交)(?:啥|什么)|补啥|补什么|哪里?不行|哪不行"
    "|(?:凭啥|凭什么|为啥|为什么|因为啥|咋|怎么)(?:就)?(?:不给?|没)(?:通过|过|办|批|给办|给批|让过)|(?:啥|什么)原因|哪儿?错了)[了啊呀呢]?"
)

_DIALS = re.compile(
    r"(?:能打电话|能安全通话)?(?<![人我帮])(请?(?:马上|尽快|同时|紧接着|快|直接|立即|立刻)?也?[再可能]?)"
    r"(?:拨打|[打拨]) ?"
    "(?=1(?:10|19|20|22)(?![0-9])|95598)"
)
_DIALS_IN_ENGLISH = re.compile(r"\b(?P<call>[Cc])all (?=1[0-9]{2}\b)")

_WHAT_NOW = re.compile(
    r"\bwhat (?:(?:should|shall|do|can|must) )?(?:i|we) (?:can |should |must )?do\b|\bwhat now\b|\bwhat to do\b",
    re.IGNORECASE,
)


_CRIES = re.compile(
    "[咋怎]么?[办整弄]|如何是好|救救|救命|求求|求你|受不了了|[撑挺顶坚扛]不住|吓死|怕死|急死|快疯|没招|没辙|不知道(?:该?咋|怎么)"
    "|(?:[我俺]|好|真|太|老|有点|特别)[^，。 ]{0,2}(?:害怕|怕(?!他|她|你)|慌|懵)|^(?:害怕|好怕|怕)[啊呀了]*$"
    "|[我俺](?:[^，。他她它]{0,4})(?:哭|抖|哆嗦|打颤|腿软|吓坏|吓得)|手[^，。]{0,3}(?:抖|哆嗦)"
    r"|\b(?:i am|i'm|im|so) (?:so |very )?(?:scared|afraid|terrified|frightened)\b|\bplease (?:help|hurry)\b",
    re.IGNORECASE,
)
_PLANNED = re.compile(
    "(?:(?<![多没])想|打算|准备|寻思|合计|要|(?:等|待|一)会儿?)(?:把|这|那|些|药|它|瓶|都|全|一口气|一把|一起|安眠)*[吃喝吞]了"
    "|[吃喝吞]了就(?:不遭罪|不受罪|不用|不疼|不难受了|解脱|完|一了百了|能|没|拉倒|走|算)"
)
_PLAN = "打算吃药"
_BARE_CRY = re.compile(
    "(?:那|这|这可|可|我|俺|现在|到底|天哪|妈呀|完了|,|，)*(?:该|可|得)?[咋怎]么?[办整弄](?:啊|呀|呢|吧|哪|!|！|\\?|？)*"
)
_UNWELL = re.compile(
    "(?:就是|但是?|可是?|不过|还是?|有点|老是?|直)[^，。]{0,4}(?:头[疼痛晕]|脑[袋瓜][^，。]{0,2}疼|恶心|想吐|胸闷|喘|迷糊|疼|血|站不|没劲)"
)
_OF_OTHERS = re.compile("(?:他|她|孩子|老人|老头)[^，。我俺]{0,6}(?:咋办|怎么办|咋整)的")
_THANKS = re.compile(r"谢|辛苦|多亏|感恩|\bthank|\bthx\b", re.IGNORECASE)
_NO_THANKS = re.compile("不谢|谢绝|姓谢|老谢|小谢|谢(?:某|总|家|老板|经理)")


_SHAKEN = re.compile(
    "(?:腿|手|身上|浑身|心)[^，。 ]{0,4}(?:软|抖|哆嗦|突突|怦怦|砰砰|发颤)|哆嗦|直抖"
    "|吓(?:死|坏|瘫|懵|哭|得)|后怕|缓不过|还?在?发抖"
    "|shak(?:ing|en)|trembling"
)
_CALLER = re.compile("警官|警察|民警|公安|检察|法官|法院|专案|通管局|办案")
_OF_MY_CASE = re.compile(
    "(?:办|查|管|负责)(?:理)?我的?(?:这|那)?(?:个)?案|我的?案子|涉案|涉嫌|洗钱|通缉|名下|冒用"
    "|(?:打|来)电话|视频|微信|qq|钉钉|加我|联系我"
)
_VERIFIES = re.compile("核实|真假|是真的|真的吗|真的假的|真不真|是不是真|是不是骗|骗子|有没有这|有这(?:个|么)人|有这位")
_SORRY = re.compile("对不[起住]|抱歉|不好意思|赔不是|别见怪|别往心里")
_WITH_DOCTORS = re.compile(
    "(?<!不)(?<!没)[上送去到](?:了|到|去)?(?:120|急救|救护车|医院|担架)(?!的)|(?:120|急救|救护车|大夫|医生)[^，。没不]{0,6}(?:[拉接抬送]走|接手|[拉接抬送]去)"
)


def asks_what_now(text: str) -> bool:
    """Whether an English text asks for guidance: what shall I do?"""
    return bool(_WHAT_NOW.search(text))


def cries(text: str) -> bool:
    """Whether whoever writes does not know what to do, or is beside themself: 咋整啊, 我手都抖了."""
    text = normalise(text)
    return bool(_CRIES.search(text) or asks_what_now(text)) and not _OF_OTHERS.search(text)


def as_planned(text: str) -> str:
    """A text without spaces in which pills that are only meant to be taken are not told as taken: 吃了就不遭罪了."""
    return _PLANNED.sub(_PLAN, text)


def only_cries(text: str) -> bool:
    """Whether a text is nothing but a cry: there is no question in it that an answer could fit."""
    return bool(_BARE_CRY.fullmatch(unspaced(text)))


def is_unwell(text: str) -> bool:
    """Whether words in normal form tell of an ailment behind good news: 人没事 就是头疼."""
    return bool(_UNWELL.search(text))


def says_thanks(text: str) -> bool:
    """Whether a text thanks."""
    text = normalise(text)
    return bool(_THANKS.search(text)) and not _NO_THANKS.search(text)


def parting(text: str, *, english: bool) -> str:
    """What is said to words that end the talk about an alarm."""
    if says_thanks(text):
        return THANKED_ENGLISH if english else THANKED
    return PARTING_ENGLISH if english else PARTING


def to_a_child(text: str) -> str:
    """A text as it is said to a child."""
    return text.replace("您", "你")


def through_others(text: str) -> str:
    """A text for whoever cannot telephone: 请马上打119 becomes 请马上叫人打119."""
    text = _DIALS.sub(r"\1叫人打", text.replace(_BY_VOICE, ""))
    return _DIALS_IN_ENGLISH.sub(lambda found: f"{'G' if found['call'] == 'C' else 'g'}et somebody to call ", text)


def unspaced(text: str) -> str:
    """A text in normal form without the spaces in it, as the deaf write: 没 事 了."""
    return "".join(normalise(text).split())


def says_shaken(text: str) -> bool:
    """Whether words in normal form tell of the fright that stays behind: 腿到现在还软."""
    return bool(_SHAKEN.search(text))


def doubts_caller(text: str) -> bool:
    """Whether words in normal form ask if an officer is one who handles a case of the writer's from far away."""
    return bool(_CALLER.search(text) and _OF_MY_CASE.search(text) and _VERIFIES.search(text))


_JOY = re.compile("[!！]{2}|[\U0001f600-\U0001f60d\U0001f389\U0001f970]|哈哈|嘿嘿|嘻嘻|高兴|开心|乐坏|激动")
_IS_BORN = re.compile("生了|出生|添了|当(?:爸|妈|爹|爷|奶|姥)[^，。 ]{0,2}了|刚生")
_VEXED = re.compile(
    "干[啥嘛]吃的|干什么吃的|什么(?:效率|态度)|啥(?:效率|态度)|别(?:跟|给)我(?:扯|整|来)|糊弄|忽悠人|气死|急死|准话|推来推去|踢皮球"
)
REJOICED, APOLOGISED = "恭喜您家添了宝宝！", "让您着急了，对不住。"


def word_of_feeling(text: str, intent: str) -> str:
    """A word for the feeling with which something is asked, joy at a birth or anger; "" where none shows. What is told
    of a death has its own in the answers."""
    born = intent.startswith("enquiry/household_newborn") and _IS_BORN.search(text)
    if born and _JOY.search(text):
        return REJOICED
    return APOLOGISED if intent.startswith("enquiry/") and _VEXED.search(text) else ""


def closing(text: str, said: str) -> str:
    """What is said to the end of an alarm, with a word for what else was told: a patient, thanks, an apology."""
    before = [EXCUSED] if _SORRY.search(text) else []
    before += [WELCOME.format(said="")] if says_thanks(text) and not before else []
    hurt = said == RESOLVED and _WITH_DOCTORS.search(text)
    before += [HANDED_OVER] if hurt else []
    return "".join(before) + (said.removeprefix(_ALL_WELL) if hurt else said)


def says_slip(text: str) -> bool:
    """Whether words in normal form say that the writer was wrong: 整岔了, 是我小舅子."""
    return bool(_SLIPS.search(text)) and not _NO_MISTAKE.search(text)


def says_calmed(text: str) -> bool:
    """Whether words in normal form say that a fight has stopped, and nothing that is worse beside it."""
    return bool(_CALMED.search(text)) and not _NOT_CALMED.search(text)


def asks_to_type(text: str) -> bool:
    """Whether words in normal form ask if one can write to the station and not speak."""
    return bool(_TYPES.search(text)) and asks(text)


def asks_of_the_alarm(text: str) -> bool:
    """Whether a question in normal form stands on the alarm itself, whatever papers it names."""
    return bool(_OF_THE_ALARM.search(text.lower()))


def says_sent(text: str) -> bool:
    """Whether words in normal form are no more than that what was asked for has been sent: 补好了."""
    return bool(_SENT.fullmatch(text.strip())) and len(text.strip()) > 1


def says_puzzled(text: str) -> bool:
    """Whether words in normal form are no more than that it is not clear what was asked for: 啥意思."""
    return bool(_PUZZLED.fullmatch(text.strip(" ?？。,，")))


def says_found(text: str) -> bool:
    """Whether words in normal form say that a missing person is back, and nothing that is worse beside it."""
    unsure = _NOT_FOUND.search(text) or _WHETHER.search(text) or _PROOF_FOUND.search(text)
    return bool(_FOUND.search(text)) and not unsure


def says_where(text: str) -> bool:
    """Whether words in normal form tell an address that was looked up: 找着了，北海街35号7号楼."""
    return bool(_LOOKED_UP.search(text))


def says_worse(text: str) -> bool:
    """Whether words in normal form tell of a danger for somebody who has been found."""
    return bool(_IN_DANGER.search(text))


def may_end(text: str) -> bool:
    """Whether words in normal form have anything of an alarm that is over: a model alone took 我上去给拔了吧 for it."""
    return bool(_MAY_END.search(text)) and not (_AWAITS.search(text) or _PROOF_FOUND.search(text))


def goes_on(text: str) -> bool:
    """Whether words in normal form tell of a danger that is there, whatever was called over before: 门把手都烫了."""
    return bool(_GOES_ON.search(text)) and not _GOES_ON_NO_MORE.search(text)


def announces_play(text: str) -> bool:
    """Whether words in normal form tell the station of a drill or of filming beforehand: 请知悉系演练."""
    return bool(_PLAYED.search(text) and _ANNOUNCES.search(text))


def awaits_help(text: str) -> bool:
    """Whether words in normal form ask when help comes, or whether it has come."""
    return bool(_AWAITS.search(text) or _NOT_COME.search(text))


def asks_when(text: str) -> bool:
    """Whether a text asks when somebody comes or answers: 大概哪天能来."""
    text = normalise(text)
    return bool(_AWAITS.search(text) or _WHICH_DAY.search(text)) and asks(text)


def says_unsure(text: str) -> bool:
    """Whether words in normal form only suppose that something is over: 应该是灭了吧."""
    return bool(_UNSURE.search(text)) and not _SURE.search(text)


def says_safe(text: str) -> bool:
    """Whether words in normal form say that officers have come and somebody is out of danger."""
    return bool(_SAFE.search(text)) and not (_NOT_SAFE.search(text) or says_worse(text))


def says_mistake(text: str) -> bool:
    """Whether words in normal form say that what was reported was a mistake or a game."""
    return bool(_MISTAKE.search(text)) and not _NO_MISTAKE.search(text)


def says_made_up(text: str, *, read_so: bool) -> bool:
    """Whether words in normal form say that something is written, played or acted; `read_so`: the model reads them as
    fiction, and they need only speak of it."""
    said = _MADE_UP if read_so else _PLAY
    return bool(said.search(text)) and not _NO_MISTAKE.search(text)


def is_chinese(text: str) -> bool:
    """Whether a text has as many Chinese characters as words of letters; a plate in an English sentence is none."""
    return len(_HAN.findall(text)) >= max(1, len(_LETTERS.findall(text.lower())))


def has_han(text: str) -> bool:
    """Whether a text holds a Chinese character."""
    return bool(_HAN.search(text))


def is_pinyin(text: str) -> bool:
    """Whether a text is nothing but words that may be pinyin."""
    words = _LETTERS.findall(text.lower())
    return bool(words) and not _HAN.search(text) and all(_SYLLABLES.fullmatch(word) for word in words)


def is_english(text: str) -> bool:
    """Whether a text is English and no pinyin: letters alone, with at least two English words, or one that is all; or
    more words that can be no pinyin than pinyin has."""
    if _HAN.search(text):
        return False
    known, words = _ENGLISH.findall(text), _LETTERS.findall(text.lower())
    if len(known) >= 2 or (known and len(text.split()) == 1 and len(text) > 3):
        return True
    foreign = [word for word in words if not _SYLLABLES.fullmatch(word)]
    return len(words) >= _FEWEST_WORDS and len(foreign) >= _NO_PINYIN * len(words)


def is_traditional(text: str) -> bool:
    """Whether a text is written in traditional characters; each by itself, for words are taken apart wrongly (打坏)."""
    return any(letter not in _BOTH_WAYS and _HAN.match(letter) and simplified(letter) != letter for letter in set(text))


_NO_CALLS = re.compile(
    "(?:别|不要|不用|甭|勿)(?:再|给我|往我?这?儿?|来|上)*(?:打(?:我)?(?:的)?(?:手机|电话)|来电|回电|上门|上我?家|来我?家|登门)"
)


_DETAILS = re.compile(
    "[上这]?(?:周|星期|礼拜)[一二三四五六日天]|[上下]午|晚上|早上|中午|昨天|前天|[0-9一二三四五六七八九十]+[点号月日]|警号|姓|窗口"
)
_WAITS = re.compile("[没还无].{0,4}(?:消息|回|动静|结果|人|管|处理|信|说法|下文)|进度|进展|到哪|咋样|怎么样|编号|查")


def only_details(text: str) -> bool:
    """Whether somebody tells when or who, and asks after nothing: 上周四晚上 警号我没记."""
    normal = normalise(text)
    return bool(_DETAILS.search(normal)) and not (_WAITS.search(normal) or asks(normal))


def wants_no_calls(text: str) -> bool:
    """Whether somebody says how the officer is not to reach them: 别给我打电话, 不要上门."""
    return bool(_NO_CALLS.search(normalise(text)))


def form_not_begun(said: str) -> str:
    """The words that begin the form of which this reply has told that it has not begun; "" for any other."""
    first, _, rest = FORM_NOT_BEGUN.partition("{says}")
    return said.removeprefix(first).partition(rest[0])[0] if said.startswith(first) else ""


def only_rages(text: str) -> bool:
    """Whether somebody asks in anger what nobody is to answer: 糊弄谁呢, 算什么东西."""
    return bool(_RAGES.search(normalise(text)))


def gives_number(text: str) -> bool:
    """Whether somebody gives the number to be called back on."""
    return bool(_MOBILE.search(spelled_out(text)))
